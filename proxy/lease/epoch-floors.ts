import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { LeaseEpoch } from '../../contracts/egress.ts';
import { ControlError } from '../control/protocol.ts';

/** The highest epoch a sandbox ever had a lease with. Nothing lower opens or closes one again. */
export interface EpochFloor extends LeaseEpoch {
  /** The turn was closed for good: no attempt of it opens another lease. */
  readonly closed: boolean;
}

export interface EpochFloors {
  /** Null when it never had a lease. @throws ControlError `epochs_unknown` when nobody can say */
  of(sandbox: string): EpochFloor | null;
  raise(sandbox: string, floor: EpochFloor): void;
}

const schema: z.ZodType<EpochFloor> = z.object({ turn: z.int(), attempt: z.int(), closed: z.boolean() });

const KEPT_MS = 90 * 24 * 3_600_000;

export interface EpochFloorsOptions {
  readonly folder: string;
}

/**
 * Floors in a folder, one small file a sandbox, so that a restart of the proxy does not make old epochs good again.
 * This is not a lease: it only ever refuses, and only what is lower. It is on disk before the lease is open, so that only a
 * damaged disk makes a file that holds no floor. Then nobody knows what was closed, and every epoch of that sandbox is
 * refused until a person has removed the file (docs/operations.md); the proxy need not be restarted for it.
 * Call `prune` once at start; it drops what is 90 days old.
 */
export function createEpochFloors({ folder }: EpochFloorsOptions): EpochFloors & { prune(now: number): void } {
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
      // What is closed stays so in this process, whatever becomes of the file.
      if (floor.closed) known.set(sandbox, floor);
      writeFileSync(`${fileOf(sandbox)}.new`, JSON.stringify(floor), { mode: 0o600, flush: true });
      renameSync(`${fileOf(sandbox)}.new`, fileOf(sandbox));
      flushFolder(folder);
      known.set(sandbox, floor);
    },
    prune(now) {
      for (const name of readdirSync(folder)) {
        const file = path.join(folder, name);
        const found = lstatSync(file, { throwIfNoEntry: false });
        if (found?.isFile() && now - found.mtimeMs > KEPT_MS) rmSync(file, { force: true });
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
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unknown(file, 'cannot be read');
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw unknown(file, 'is damaged');
  }
}

function unknown(file: string, why: string): ControlError {
  const remedy = 'remove the file when no turn of its thread is at work';
  return new ControlError('epochs_unknown', `${file} ${why}, so no lease of this sandbox opens: ${remedy}`);
}

/** A new name in a folder is on disk when the folder is. */
function flushFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
