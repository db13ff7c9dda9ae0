import { type Database, inTransaction } from '../store/database.ts';
import { type InLine, noteSaid, unsaidInLine } from '../store/places-in-line.ts';
import { type LiveRunner, liveRunners } from '../store/runners.ts';
import { lastStep } from '../store/steps.ts';
import { createShowProgress } from './progress.ts';
import { whyItWaits } from './why-it-waits.ts';

/** Threads told in one round. */
const AT_ONCE = 50;

/**
 * Tells threads whose turn stands still where they stand in line. It is said in the turn's live line and so costs no
 * message of its own: the first words of the work that follows take its place.
 */
export async function sayPlaces(database: Database): Promise<void> {
  const line = await unsaidInLine(database, AT_ONCE);
  if (line.length === 0) return;
  const runners = await liveRunners(database);
  for (const waiting of line) {
    await inTransaction(database, async (db) => {
      if (!(await noteSaid(db, waiting))) return;
      const { session, turn } = waiting;
      const step = await lastStep(db, session, turn);
      await createShowProgress(db)({ session, turn, step, what: wordsFor(waiting, runners) });
    });
  }
}

function wordsFor({ home, nth }: InLine, runners: readonly LiveRunner[]): string {
  return whyItWaits(runners, home).words ?? `all sandboxes are at work; you are ${ordinal(nth)} in line`;
}

/** `1st`, `2nd`, `11th`. */
export function ordinal(n: number): string {
  const teens = n % 100 >= 11 && n % 100 <= 13;
  const ending = teens ? 'th' : (({ 1: 'st', 2: 'nd', 3: 'rd' } as Record<number, string>)[n % 10] ?? 'th');
  return `${n}${ending}`;
}
