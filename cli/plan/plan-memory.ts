import { createHash } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { writeAtomically } from '../../setup/host/atomic-file.ts';
import { readJson } from '../../setup/host/read-json.ts';

const remembered = z.object({ sha256: z.string(), version: z.number() });

export interface PlanMemory {
  /** Remembers that a text was planned while this policy was in force. */
  keep(text: string, version: number): Promise<void>;
  /** The policy with which exactly this text was planned last. Null when the last plan was of another text. */
  versionOf(text: string): Promise<number | null>;
}

/**
 * Remembers the last plan on this machine. `apply` of the same text is refused when another policy came into force in
 * between, because then the plan was of something else.
 *
 * @param folder the home of the installation
 */
export function openPlanMemory(folder: string): PlanMemory {
  const file = path.join(folder, 'last-plan.json');
  return {
    keep: (text, version) => writeAtomically(file, JSON.stringify({ sha256: sha256Of(text), version })),
    async versionOf(text) {
      const last = await readJson(file, remembered);
      return last?.sha256 === sha256Of(text) ? last.version : null;
    },
  };
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
