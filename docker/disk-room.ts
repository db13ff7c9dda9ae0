import { statfs } from 'node:fs/promises';
import type { Engine } from './engine.ts';
import { DockerError } from './errors.ts';

const MB = 1024 * 1024;

/**
 * Looks whether the disk of the engine's images has room for a build, so that it fails before it has filled the disk. An engine
 * that is elsewhere is not looked at.
 *
 * @throws DockerError `DiskFull`
 */
export async function checkDiskRoom({ info }: Engine, neededMb: number): Promise<void> {
  if (info.virtualMachine || !info.address.startsWith('unix:')) return;
  const disk = await statfs(info.rootFolder).catch(() => null);
  if (!disk) return;
  const freeMb = Math.floor((disk.bavail * disk.bsize) / MB);
  if (freeMb >= neededMb) return;
  throw new DockerError(
    'DiskFull',
    `the build needs ${neededMb} MB on the disk of ${info.rootFolder}, and ${freeMb} MB are free: make room there`,
  );
}
