import { setTimeout as delay } from 'node:timers/promises';
import { createFairSlots } from '../contracts/fair-slots.ts';
import { type SessionId, threadOf } from '../contracts/ids.ts';

/** Runs `start` when it is the session's turn, and gives what `start` gives. */
export type PacedStarts = <T>(session: SessionId, start: () => Promise<T>) => Promise<T>;

/** Longer than a start takes on a busy machine. */
const HELD_AT_MOST_MS = 15_000;

/**
 * Starts a few sandboxes at a time; the others wait, and channels take turns. All at once would take as long as one after the other,
 * because a start is work for the processor. Two things are better in a row:
 * - The first turns of a crowd go on at once, and not all of them at the end.
 * - A turn that needed no sandbox for its answer is over when its start would begin. Then nothing is started.
 *
 * A start that hangs gives its place in the row away after a while, so it does not keep the others waiting.
 * @param width starts at the same time
 * @param heldAtMostMs how long a start counts. @default 15000
 */
export function createPacedStarts(width: number, heldAtMostMs = HELD_AT_MOST_MS): PacedStarts {
  const slots = createFairSlots(width);
  return <T>(session: SessionId, start: () => Promise<T>): Promise<T> => {
    const { team, channel } = threadOf(session);
    const started = Promise.withResolvers<T>();
    void slots.run(`${team}/${channel}`, async () => {
      const over = new AbortController();
      const work = start();
      started.resolve(work);
      const ended = work.then(
        () => over.abort(),
        () => over.abort(),
      );
      await Promise.race([
        ended,
        delay(heldAtMostMs, undefined, { signal: over.signal, ref: false }).catch(() => undefined),
      ]);
    });
    return started.promise;
  };
}
