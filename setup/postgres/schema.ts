import { isStoreError } from '../../store/errors.ts';
import { migrate } from '../../store/migrate.ts';
import { DATABASE_ROLES, type DatabaseRole, ensureRoles, registerInstallation, urlForRole } from '../../store/roles.ts';
import { reasonOf, SetupError } from '../errors.ts';
import { type DatabaseUrls, readDatabaseUrls, writeDatabaseUrls } from '../host/database-urls.ts';
import { newPassword } from '../host/secrets.ts';

export interface SchemaOptions {
  readonly ownerUrl: string;
  readonly embedded: boolean;
  readonly installation: string;
  /** Where the addresses with their passwords are kept. */
  readonly urlsFile: string;
}

/**
 * Brings schema, roles and grants up to date and keeps one address for each role. Passwords stay the same over restarts, so that a
 * process on another machine goes on working.
 */
export async function prepareSchema({
  ownerUrl,
  embedded,
  installation,
  urlsFile,
}: SchemaOptions): Promise<DatabaseUrls> {
  const known = await readDatabaseUrls(urlsFile);
  const passwordOf = (role: DatabaseRole) => {
    const url = known?.roles[role];
    return url ? new URL(url).password : newPassword();
  };
  const passwords = Object.fromEntries(DATABASE_ROLES.map((role) => [role, passwordOf(role)])) as Record<
    DatabaseRole,
    string
  >;
  await migrate(ownerUrl).catch((error: unknown) => {
    throw isStoreError(error, 'SchemaChanged') ? schemaChanged(error, embedded) : error;
  });
  await registerInstallation(ownerUrl, installation);
  await ensureRoles(ownerUrl, installation, passwords).catch((error: unknown) => {
    throw explained(error, ownerUrl);
  });
  const roles = Object.fromEntries(
    DATABASE_ROLES.map((role) => [role, urlForRole(ownerUrl, installation, role, passwords[role])]),
  ) as Record<DatabaseRole, string>;
  const urls = { owner: ownerUrl, embedded, roles };
  await writeDatabaseUrls(urlsFile, urls);
  return urls;
}

/** Before the first release the schema is changed in place, so a database is not brought from one state to the next. */
function schemaChanged({ message }: Error, embedded: boolean): SetupError {
  return new SetupError(
    'schema-changed',
    `the database was made by another state of Bellhop, and nothing was changed in it: ${message}`,
    embedded
      ? './bellhop reset, then start again. It removes this installation with its threads, access and sealed credentials'
      : 'give DATABASE_URL an empty database, or go back to the state of Bellhop that made this one',
  );
}

/** SQLSTATE 42501, insufficient_privilege. */
function explained(error: unknown, ownerUrl: string): unknown {
  if ((error as { code?: string }).code !== '42501') return error;
  const user = new URL(ownerUrl).username;
  return new SetupError(
    'postgres-lacks',
    `the user ${user} of DATABASE_URL cannot give each process a role of its own: ${reasonOf(error)}`,
    `as an administrator of that server: alter role "${user}" createrole;`,
  );
}
