import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { ADVISORY_LOCKS } from './advisory-locks.ts';

/** Each process signs in with its own role. The role may do only what that process needs. */
export const DATABASE_ROLES = ['gateway', 'agent', 'runner', 'proxy', 'admin', 'console'] as const;
export type DatabaseRole = (typeof DATABASE_ROLES)[number];

const GRANTS = path.join(import.meta.dirname, 'grants.sql');

/** Roles belong to the whole database server, so their names contain the installation. */
export function roleName(installation: string, role: DatabaseRole): string {
  return `bellhop_${installation}_${role}`;
}

/** Makes the installation's row at the first start. */
export async function registerInstallation(url: string, installation: string): Promise<void> {
  await withOwner(url, async (client) => {
    await client.query('insert into installation (id) values ($1) on conflict do nothing', [installation]);
  });
}

/**
 * Creates the roles or sets their passwords, and brings their grants in line with `grants.sql`, whatever they were
 * before. The address needs a user that owns the schema and may create roles.
 */
export async function ensureRoles(
  url: string,
  installation: string,
  passwords: Readonly<Record<DatabaseRole, string>>,
): Promise<void> {
  const grants = (await readFile(GRANTS, 'utf8')).replaceAll(/:"(\w+)"/g, (_, role: string) => {
    if (!isDatabaseRole(role)) throw new RangeError(`grants.sql names an unknown role: ${role}`);
    return pg.escapeIdentifier(roleName(installation, role));
  });
  await withOwner(url, async (client) => {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock($1)', [ADVISORY_LOCKS.roles]);
    for (const role of DATABASE_ROLES) await ensureRole(client, roleName(installation, role), passwords[role]);
    await client.query(grants);
    await client.query('commit');
  });
}

/** Removes the roles with all they were granted in this database. */
export async function dropRoles(url: string, installation: string): Promise<void> {
  await withOwner(url, async (client) => {
    for (const role of DATABASE_ROLES) {
      const name = roleName(installation, role);
      const known = await client.query('select 1 from pg_roles where rolname = $1', [name]);
      if (known.rowCount === 0) continue;
      // Only a member of a role may drop what the role owns, and the creator of a role is not a member.
      await client.query(`grant ${pg.escapeIdentifier(name)} to current_user`);
      await client.query(`drop owned by ${pg.escapeIdentifier(name)}`);
      await client.query(`drop role ${pg.escapeIdentifier(name)}`);
    }
  });
}

/** The address of the same database for one of the roles. */
export function urlForRole(ownerUrl: string, installation: string, role: DatabaseRole, password: string): string {
  const url = new URL(ownerUrl);
  url.username = roleName(installation, role);
  url.password = password;
  return url.href;
}

async function ensureRole(client: pg.Client, name: string, password: string): Promise<void> {
  const known = await client.query('select 1 from pg_roles where rolname = $1', [name]);
  const verb = known.rowCount === 0 ? 'create' : 'alter';
  // Utility statements take no parameters; both values are escaped.
  const sql = `${verb} role ${pg.escapeIdentifier(name)} login password ${pg.escapeLiteral(password)}`;
  await client.query(verb === 'create' ? `${sql} nosuperuser nocreatedb nocreaterole noreplication` : sql);
}

function isDatabaseRole(value: string): value is DatabaseRole {
  return (DATABASE_ROLES as readonly string[]).includes(value);
}

async function withOwner(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'bellhop-roles' });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
