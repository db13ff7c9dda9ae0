import { randomBytes } from 'node:crypto';
import type { SandboxContext } from './sandbox-context.ts';
import { LABELS } from './sandbox-names.ts';

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
