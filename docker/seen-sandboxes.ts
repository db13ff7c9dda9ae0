import { stat } from 'node:fs/promises';
import type Docker from 'dockerode';
import type { Provisioned } from './sandbox.ts';

/**
 * One life of a container and of the folder it mounts. What a sandbox sees from inside changes only with another start or
 * another folder, and each of them begins another life. A pause does not.
 */
export interface SandboxLife {
  readonly name: string;
  readonly paused: boolean;
}

/** Sandboxes that were looked at from inside, so that a later turn need not wait for another look. */
export interface SeenSandboxes {
  has(id: string): boolean;
  /** What was seen in this life; null when it was another. */
  find(id: string, life: SandboxLife | null): Provisioned | null;
  keep(id: string, life: SandboxLife | null, provisioned: Provisioned): void;
  forget(id: string): void;
}

/** One for each runner process, in memory only. */
export function createSeenSandboxes(): SeenSandboxes {
  const seen = new Map<string, { readonly life: string; readonly provisioned: Provisioned }>();
  return {
    has: (id) => seen.has(id),
    find(id, life) {
      const known = seen.get(id);
      return known && known.life === life?.name ? { ...known.provisioned, created: false } : null;
    },
    keep(id, life, provisioned) {
      // Without its sockets the look was not complete.
      if (life !== null && provisioned.sockets > 0) seen.set(id, { life: life.name, provisioned });
      else seen.delete(id);
    },
    forget: (id) => void seen.delete(id),
  };
}

/** Null while the container does not run or its folder is not there. `owner` is the session it belongs to in this life. */
export async function lifeOf(
  container: Docker.Container,
  folder: string,
  owner: { readonly session: string; readonly agentUid: number },
): Promise<SandboxLife | null> {
  const [found, there] = await Promise.all([
    container.inspect().catch(() => null),
    stat(folder, { bigint: true }).catch(() => null),
  ]);
  if (!found?.State.Running || !there) return null;
  // The number of a removed folder is given to the next one: the moment it was made tells them apart.
  const parts = [found.Id, found.State.StartedAt, there.ino, there.birthtimeNs, owner.agentUid, owner.session];
  return { name: parts.join(' '), paused: found.State.Paused };
}
