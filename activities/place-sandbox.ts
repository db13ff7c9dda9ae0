import { setTimeout as delay } from 'node:timers/promises';
import type { AgentActivities, PlaceAnswer } from '../contracts/activities.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { ChangeLog } from '../contracts/state-changes.ts';
import { type Database, inTransaction, type Queryable } from '../store/database.ts';
import { grantPlaces } from '../store/grant-places.ts';
import { askForPlace, type PlaceAsk } from '../store/places.ts';
import { liveRunners } from '../store/runners.ts';
import { lastStep } from '../store/steps.ts';
import { createShowProgress } from './progress.ts';
import { createTellThread } from './tell-thread.ts';
import { whyItWaits } from './why-it-waits.ts';

export interface PlaceSandboxDependencies {
  readonly database: Database;
  /** Gets a line for each place that is granted. */
  readonly log?: ChangeLog | undefined;
}

/**
 * A round passes over a session whose row is locked at that moment, for example by this turn's first model step. So the
 * activity holds further rounds after these pauses.
 */
const HELD_AGAIN_MS = [20, 60, 180];
const NOBODY: ReadonlySet<SessionId> = new Set();

/**
 * Asks for a place for a turn's sandbox. When one is free and it is the turn's turn, the answer is the place; otherwise
 * the turn is in line, and the workflow is signalled when the place is granted. Every attempt of one turn gets the same
 * place, and an attempt that comes after the turn's end gets none.
 *
 * @throws StoreError `TurnOver` and `RowMissing`, as `askForPlace` does
 */
export function createPlaceSandbox({ database, log }: PlaceSandboxDependencies): AgentActivities['placeSandbox'] {
  const holdRound = createGrantRounds(database, log);
  return async (ask) => {
    const first = await answer(database, ask);
    if ('runner' in first) return first;
    for (const pause of HELD_AGAIN_MS) {
      // When no round can be held now, the turn is in line, and the agent worker's own rounds follow.
      const held = await holdRound(ask.session).catch(() => NOBODY);
      const now = await answer(database, ask);
      if ('runner' in now || !held.has(ask.session)) return now;
      await delay(pause);
    }
    return answer(database, ask);
  };
}

async function answer(database: Database, ask: PlaceAsk): Promise<PlaceAnswer> {
  return inTransaction(database, async (db) => {
    const place = await askForPlace(db, ask);
    if (place.kind === 'waits') return { waitsFor: whyItWaits(await liveRunners(db), place.home).failure };
    if (place.lostFrom !== null) await tellFilesLost(db, ask, place.lostFrom);
    if (place.said) await sayItGoesOn(db, ask);
    return { runner: place.runner, sandbox: place.sandbox };
  });
}

async function tellFilesLost(db: Queryable, { session, turn }: PlaceAsk, runner: string): Promise<void> {
  await createTellThread(db)(
    session,
    `${session}/${turn}/files-lost`,
    `The machine that held this thread's workspace (${runner}) is gone, so the files of earlier turns are lost. I start with an empty workspace.`,
  );
}

/** Takes "you are 3rd in line" out of the thread, where it is the turn's live line. */
async function sayItGoesOn(db: Queryable, { session, turn }: PlaceAsk): Promise<void> {
  const step = await lastStep(db, session, turn);
  await createShowProgress(db)({ session, turn, step, what: 'starting my sandbox' });
}

/**
 * Rounds of granting for the activities of this process. Those that ask while a round is under way share the next one,
 * so that a burst of two hundred mentions takes a few rounds and not two hundred.
 */
function createGrantRounds(
  database: Database,
  log: ChangeLog | undefined,
): (session: SessionId) => Promise<ReadonlySet<SessionId>> {
  let asking: SessionId[] = [];
  let next: Promise<ReadonlySet<SessionId>> | null = null;
  let running: Promise<unknown> = Promise.resolve();
  return (session) => {
    asking.push(session);
    next ??= running.then(() => {
      const collecting = asking;
      asking = [];
      next = null;
      const held = new Set<SessionId>();
      const round = grantPlaces(database, { collecting, log, onHeld: (each) => held.add(each) }).then(() => held);
      running = round.catch(() => undefined);
      return round;
    });
    return next;
  };
}
