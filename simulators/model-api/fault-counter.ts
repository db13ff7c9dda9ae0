import { createHash } from 'node:crypto';
import type { Message } from './request.ts';
import type { Fault } from './script.ts';

/** Decides which attempt of a call fails. The only thing the simulator remembers between requests. */
export interface FaultCounter {
  /** What this attempt is answered with; null when it may go on. */
  next(messages: readonly Message[], faults: readonly Fault[]): Fault | null;
}

const MOST_KEPT = 1_000;

/** All attempts of one call have the same messages, so the hash of the messages names the call. */
export function createFaultCounter(): FaultCounter {
  const attempts = new Map<string, number>();
  return {
    next(messages, faults) {
      if (faults.length === 0) return null;
      const key = createHash('sha256').update(JSON.stringify(messages)).digest('hex');
      const attempt = attempts.get(key) ?? 0;
      const struck = faults.flatMap((fault) => Array<Fault>(Math.min(fault.times, 100)).fill(fault));
      const fault = struck[attempt] ?? null;
      attempts.delete(key);
      // What failed before fails again when the same conversation is held again from the beginning.
      if (fault !== null) attempts.set(key, attempt + 1);
      const [oldest] = attempts.keys();
      if (attempts.size > MOST_KEPT && oldest !== undefined) attempts.delete(oldest);
      return fault;
    },
  };
}
