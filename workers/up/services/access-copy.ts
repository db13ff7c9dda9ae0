import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeAtomically } from '../../../setup/host/atomic-file.ts';

/** A copy of an access file in the home, for the port at which the demo's outside world listens. */
export interface AccessCopy {
  readonly file: string;
  /** Copies with other rules, which were changed and never applied. They stay, and only the port in them was changed. */
  readonly kept: readonly string[];
}

/** Where the simulated outside world listens, as rules name it. No other loopback port is open to them. */
export const WORLD_RANGE = '127.0.0.1/32';
const WORLD_ADDRESS = /127\.0\.0\.1\/32:\d+/g;

/** The text of an access file with another port of the outside world. */
export function withPort(port: number, text: string): string {
  return text.replaceAll(WORLD_ADDRESS, `${WORLD_RANGE}:${port}`);
}

/**
 * Writes the copy as `bellhop.yaml`. People edit it there, and what they changed is not lost: a copy with other rules stays,
 * and the new one is `bellhop.2.yaml` beside it.
 */
export async function writeAccessCopy(home: string, port: number, source: string): Promise<AccessCopy> {
  const text = withPort(port, source);
  const kept: string[] = [];
  for (let number = 1; ; number += 1) {
    const file = path.join(home, number === 1 ? 'bellhop.yaml' : `bellhop.${number}.yaml`);
    const there = await textOf(file);
    const moved = withPort(port, there ?? text);
    if (moved !== there) await writeAtomically(file, moved, 0o644);
    if (moved === text) return { file, kept };
    kept.push(file);
  }
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
