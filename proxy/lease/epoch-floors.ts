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

/** The highest epoch for which a sandbox ever had a lease. A lower epoch can neither open nor close a lease. */
export interface EpochFloor extends LeaseEpoch {
  /** True when the turn's lease was closed for good: no attempt of this turn opens another one. */
  readonly closed: boolean;
}

export interface EpochFloors {
  /** Null when the sandbox never had a lease. @throws ControlError `epochs_unknown` when its file cannot be read */
  of(sandbox: string): EpochFloor | null;
  /** Sets the floor of a sandbox. */
  raise(sandbox: string, floor: EpochFloor): void;
}

const schema: z.ZodType<EpochFloor> = z.object({ turn: z.int(), attempt: z.int(), closed: z.boolean() });

const KEPT_MS = 90 * 24 * 3_600_000;

export interface EpochFloorsOptions {
  readonly folder: string;
}

/**
 * Keeps floors on disk, one small file for each sandbox. Without them, a restart would bring old epochs back:
 * 1. Turn 7 of a sandbox is closed. The proxy restarts and forgets all leases.
 * 2. A late attempt of turn 7 wakes up and asks for its lease.
 * 3. The file says that turn 7 was closed. Therefore the late attempt gets no lease.
 *
 * A floor never lets anything through; it only refuses lower epochs. It is on disk before its lease opens, so a file
 * without a valid floor means a damaged disk. Then nobody knows what was closed, and every epoch of that sandbox is
 * refused until a person removes the file (docs/operations.md). The proxy needs no restart for that.
 * Call `prune` once at start; it drops files that are 90 days old.
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
      // Remembered before the write: a closed turn stays closed in this process even if the write fails.
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

/** Floors in memory only, for tests of the modules that use floors. */
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

/** A rename survives a power cut only when the folder is flushed too. */
function flushFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
