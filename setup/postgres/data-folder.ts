import { chown, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from '../host/run-command.ts';
import type { UnixUser } from './unix-user.ts';

export interface DataFolder {
  readonly path: string;
  /** Said when it does not lie in the home. */
  readonly remark?: string;
}

/**
 * Where the database lies: in the home, unless PostgreSQL's user cannot pass through a folder above it (a checkout below
 * /root, which is 0700); then in the installation's data folder.
 */
export async function provideDataFolder(
  wanted: string,
  fallback: string,
  user: UnixUser | undefined,
): Promise<DataFolder> {
  if (!user) {
    await mkdir(wanted, { recursive: true, mode: 0o700 });
    return { path: wanted };
  }
  const inHome = await passableBy(path.dirname(wanted), user);
  const folder = inHome ? wanted : fallback;
  await mkdir(path.dirname(folder), { recursive: true, mode: 0o755 });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await stat(folder)).uid !== user.uid) await chown(folder, user.uid, user.gid);
  if (inHome) return { path: folder };
  return {
    path: folder,
    remark: `data in ${folder}, as the user ${user.name} cannot pass through ${path.dirname(wanted)}`,
  };
}

async function passableBy(folder: string, user: UnixUser): Promise<boolean> {
  // Asked of the kernel as that user: modes alone do not tell of ACLs and mounts.
  return await runCommand('test', ['-x', folder], { uid: user.uid, gid: user.gid, cwd: '/' }).then(
    () => true,
    () => false,
  );
}
