import { z } from 'zod';
import { DATABASE_ROLES, type DatabaseRole } from '../../store/roles.ts';
import { SetupError } from '../errors.ts';
import { writeAtomically } from './atomic-file.ts';
import { readJson } from './read-json.ts';

const schema = z.object({
  /** The owner of the schema. Only migrations and grants use it, never a running process. */
  owner: z.string(),
  /** Whether it is the embedded server; else it is the one that DATABASE_URL names. */
  embedded: z.boolean(),
  roles: z.record(z.enum(DATABASE_ROLES), z.string()),
});

/** One address per role, each with its own password. */
export interface DatabaseUrls {
  readonly owner: string;
  readonly embedded: boolean;
  readonly roles: Readonly<Record<DatabaseRole, string>>;
}

/** Replaces the file in one step. Its text has passwords. */
export async function writeDatabaseUrls(file: string, urls: DatabaseUrls): Promise<void> {
  await writeAtomically(file, `${JSON.stringify(urls, undefined, 2)}\n`);
}

/** Undefined when there is no such file. @throws SetupError when it is not one of ours */
export async function readDatabaseUrls(file: string): Promise<DatabaseUrls | undefined> {
  return await readJson(file, schema);
}

/** The address for one role; an installation that was never started has none. */
export async function databaseUrlFor(file: string, role: DatabaseRole): Promise<string> {
  const urls = await readDatabaseUrls(file);
  if (!urls) throw new SetupError('not-set-up', 'this installation has not been started yet', './bellhop up');
  return urls.roles[role];
}
