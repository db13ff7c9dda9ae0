import { SetupError } from '../errors.ts';
import { runCommand } from '../host/run-command.ts';

export interface UnixUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const NAME = 'postgres';

/**
 * The user that PostgreSQL runs as. Undefined means the present user. PostgreSQL refuses to run as root, so for root it is the user
 * `postgres`, which is made when it is missing.
 */
export async function postgresUser(say: (detail: string) => void): Promise<UnixUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const known = await lookUp();
  if (known) return known;
  say(`adding the system user ${NAME}, as PostgreSQL does not run as root`);
  await runCommand('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', NAME]);
  const made = await lookUp();
  if (made) return made;
  throw new SetupError('postgres-unavailable', `the system user ${NAME} could not be made`, `useradd --system ${NAME}`);
}

async function lookUp(): Promise<UnixUser | undefined> {
  try {
    const [uid, gid] = [await runCommand('id', ['-u', NAME]), await runCommand('id', ['-g', NAME])];
    return { name: NAME, uid: Number(uid), gid: Number(gid) };
  } catch {
    return undefined;
  }
}
