import { chown, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from '../host/run-command.ts';
import type { UnixUser } from './unix-user.ts';

export interface DataFolder {
  readonly path: string;
  /** What to say when it does not lie in the home. */
  readonly remark?: string;
}

/**
 * Where the database lies. It is in the home, unless PostgreSQL's user cannot pass through a folder above the home, as with a checkout
 * below /root (mode 0700). Then it is in the installation's data folder.
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
  // That user asks the kernel itself, because modes alone say nothing of ACLs and mounts.
  return await runCommand('test', ['-x', folder], { uid: user.uid, gid: user.gid, cwd: '/' }).then(
    () => true,
    () => false,
  );
}
