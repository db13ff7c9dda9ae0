import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from './engine.ts';
import type { WorkspaceUse } from './sandbox.ts';
import type { SandboxContext } from './sandbox-context.ts';
import { LABELS } from './sandbox-names.ts';

/** The folder of the engine's volumes; null where the engine is not on this machine. */
function volumesOf({ info }: Engine): string | null {
  return info.virtualMachine || !info.address.startsWith('unix:') ? null : join(info.rootFolder, 'volumes');
}

/** What the disk of the engine's volumes holds in all. Null where the engine is elsewhere, or the disk counts no inodes. */
export async function diskUseOf(engine: Engine): Promise<WorkspaceUse | null> {
  const folder = volumesOf(engine);
  const disk = folder === null ? null : await statfs(folder).catch(() => null);
  if (!disk || disk.files === 0) return null;
  return { bytes: (disk.blocks - disk.bfree) * disk.bsize, files: disk.files - disk.ffree };
}

/**
 * The disk below the engine's volumes as the engine wants it named, such as `/dev/sda`. Null where that is not a disk of
 * this machine: the engine is elsewhere, or the file system spans several (btrfs, ZFS) or none (a network, memory).
 */
export async function diskOf(engine: Engine): Promise<string | null> {
  const folder = volumesOf(engine);
  if (folder === null) return null;
  try {
    const { dev } = await stat(folder);
    const number = `${major(dev)}:${minor(dev)}`;
    // sysfs: a partition's folder lies in its disk's, and only whole disks can be limited.
    const isPartition = await readFile(`/sys/dev/block/${number}/partition`, 'utf8').then(Boolean, () => false);
    const uevent = await readFile(`/sys/dev/block/${number}/${isPartition ? '../' : ''}uevent`, 'utf8');
    const name = /^DEVNAME=(.+)$/m.exec(uevent)?.[1];
    if (!name || !(await readdir('/sys/block')).includes(name)) return null;
    const node = await stat(`/dev/${name}`);
    return node.isBlockDevice() ? `/dev/${name}` : null;
  } catch {
    return null;
  }
}

/** As the kernel packs a device's number for programs (makedev(3)). */
const major = (dev: number): number => ((dev >>> 8) & 0xfff) | (Math.floor(dev / 2 ** 32) & 0xfffff000);
const minor = (dev: number): number => (dev & 0xff) | ((dev >>> 12) & 0xfff00);

/**
 * Whether this engine can hold a volume to a size. It depends on the file system below it (XFS with project quotas
 * can), which only a try tells: elsewhere the engine answers "no quota support".
 */
export async function canLimitVolumes({ engine, installation }: SandboxContext): Promise<boolean> {
  const name = `bellhop-${installation}-probe-${randomBytes(4).toString('hex')}`;
  try {
    const labels = { [LABELS.installation]: installation };
    await engine.docker.createVolume({ Name: name, Labels: labels, DriverOpts: { size: '16m' } });
    return true;
  } catch {
    return false;
  } finally {
    await engine.docker
      .getVolume(name)
      .remove()
      .catch(() => {});
  }
}
