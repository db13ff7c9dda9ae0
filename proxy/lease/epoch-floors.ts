import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LeaseEpoch } from '../../contracts/egress.ts';

/** The highest epoch a sandbox ever had a lease with. Nothing lower opens or closes one again. */
export interface EpochFloor extends LeaseEpoch {
  /** The turn was closed for good: no attempt of it opens another lease. */
  readonly closed: boolean;
}

export interface EpochFloors {
  of(sandbox: string): EpochFloor | null;
  raise(sandbox: string, floor: EpochFloor): void;
}

const KEPT_MS = 90 * 24 * 3_600_000;

/**
 * Floors in a folder, one small file a sandbox, so that a restart of the proxy does not make old epochs good again.
 * This is not a lease: it only ever refuses. Call `prune` once at start; it drops what is 90 days old.
 */
export function createEpochFloors(folder: string): EpochFloors & { prune(now: number): void } {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const known = new Map<string, EpochFloor | null>();
  const fileOf = (sandbox: string) => path.join(folder, `${sandbox}.json`);

  return {
    of(sandbox) {
      const remembered = known.get(sandbox);
      if (remembered !== undefined) return remembered;
      const floor = read(fileOf(sandbox));
      known.set(sandbox, floor);
      return floor;
    },
    raise(sandbox, floor) {
      writeFileSync(`${fileOf(sandbox)}.new`, JSON.stringify(floor), { mode: 0o600 });
      renameSync(`${fileOf(sandbox)}.new`, fileOf(sandbox));
      known.set(sandbox, floor);
    },
    prune(now) {
      for (const name of readdirSync(folder)) {
        const file = path.join(folder, name);
        if (now - statSync(file).mtimeMs > KEPT_MS) rmSync(file, { force: true });
      }
    },
  };
}

/** Floors that last as long as the process; for tests of what is built on them. */
export function createVolatileFloors(): EpochFloors {
  const floors = new Map<string, EpochFloor>();
  return { of: (sandbox) => floors.get(sandbox) ?? null, raise: (sandbox, floor) => void floors.set(sandbox, floor) };
}

function read(file: string): EpochFloor | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as EpochFloor;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
