import { chown, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { SetupError } from '../errors.ts';
import { runCommand } from '../host/run-command.ts';
import type { PostgresBinaries } from './binaries.ts';
import type { UnixUser } from './unix-user.ts';

/** The only superuser of an embedded cluster. Migrations and grants run as this user. */
export const CLUSTER_OWNER = 'bellhop';

export interface Cluster {
  readonly binaries: PostgresBinaries;
  readonly folder: string;
  readonly user: UnixUser | undefined;
}

/** Makes the cluster when the folder is empty. Returns whether it was made. */
export async function initializeCluster(
  { binaries, folder, user }: Cluster,
  password: string,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await readFile(path.join(folder, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (found !== undefined) {
    refuseOtherMajor(found.trim(), binaries.version, folder);
    return false;
  }
  // It is made in another folder and moved when it is complete. A half-made cluster would pass for a complete one at the next start.
  const unfinished = `${folder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  const temporary = await mkdtemp(path.join(os.tmpdir(), 'bellhop-initdb-'));
  try {
    const passwordFile = path.join(temporary, 'password');
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    if (user) {
      for (const owned of [unfinished, temporary, passwordFile]) await chown(owned, user.uid, user.gid);
    }
    await runCommand(
      binaries.initdb,
      [
        `--pgdata=${unfinished}`,
        `--username=${CLUSTER_OWNER}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
      ],
      { uid: user?.uid, gid: user?.gid, cwd: '/', timeoutMs: 120_000, signal },
    );
    await rename(unfinished, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return true;
}

/**
 * Arguments of the server: it is reached on this machine only and by password only, and has room for every process's pool.
 *
 * @param added further settings, as `name=value`
 */
export function serverArguments(cluster: Cluster, port: number, added: readonly string[] = []): string[] {
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'log_timezone=UTC',
    // A new log file of 16 MB is filled with zeros otherwise, and every commit waits for that: a quarter of a second on a usual disk. A new
    // cluster has no old log files to use again, so it met this in its first crowd.
    'wal_init_zero=off',
    ...added,
  ];
  return ['-D', cluster.folder, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
}

function refuseOtherMajor(found: string, version: string, folder: string): void {
  if (version.split('.')[0] === found) return;
  throw new SetupError(
    'postgres-unavailable',
    `${folder} was written by PostgreSQL ${found}, and the embedded one is ${version}`,
    'dump it with the release of Bellhop that wrote it and load the dump, or remove it with: ./bellhop reset',
  );
}
