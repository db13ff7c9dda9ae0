import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { HousekeepingActivities } from '../contracts/housekeeping.ts';
import type { SessionId } from '../contracts/ids.ts';
import { type Database, inTransaction } from '../store/database.ts';
import { deleteOld, RETENTION_KINDS, type Retention } from '../store/retention.ts';
import { leftSessions, noteLook, signalAgain, silentTurns } from '../store/silent-turns.ts';
import type { EndAbandonedTurn } from './end-turn.ts';
import { failureText } from './go-on.ts';
import { syncSchedules } from './sync-schedules.ts';
import { createTellThread } from './tell-thread.ts';

export interface HousekeepingDependencies {
  readonly database: Database;
  readonly client: Client;
  readonly endAbandonedTurn: EndAbandonedTurn;
  readonly isSessionOpen: (client: Client, session: SessionId) => Promise<boolean>;
  readonly retention: Retention;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** A thread whose session was terminated is told within a minute: 30 s of silence and a round every 15 s. */
const SILENT_MS = 30_000;
const LOOK_EVERY_MS = 15_000;
/** Turns of one round. More wait for the next one, which then comes at once. */
const LOOKED_AT = 100;
/** Sessions of one round in which a message was left. */
const LEFT_LOOKED_AT = 20;
/** A message that was signalled so often, and started no turn, is given up. */
const MOST_SIGNALS = 10;
/** Questions to Temporal at the same time. */
const AT_ONCE = 5;
/** All questions of a round together. What was not asked by then is asked in the next round. */
const ROUND_MS = 20_000;

/** A change of the access file asks for a round at once; this is how late it is noticed without that. */
const SYNC_EVERY_MS = 60_000;

/** A round of deleting ends after this long, between two batches. */
const DELETE_MS = 10_000;
const BATCH = 500;
/** After each batch nothing is deleted for this many times as long as the batch took. So deleting takes half of one connection at most. */
const PAUSE_PER_BATCH_TIME = 1;
const DELETE_EVERY_MS = 3_600_000;
/** When something old is left. */
const DELETE_ON_MS = 1_000;
const DAY_MS = 24 * 3_600_000;

/** What the workflow `housekeeping` does. Every activity is short, and may run twice at the same time. */
export function createHousekeepingActivities(dependencies: HousekeepingDependencies): HousekeepingActivities {
  return {
    async endAbandonedTurns() {
      const deadline = dependencies.clock() + ROUND_MS;
      const next = await endAbandonedTurns(dependencies, deadline);
      await startLeftSessions(dependencies, deadline);
      return next;
    },
    async syncSchedules() {
      const { created, updated, deleted } = await syncSchedules(dependencies);
      if (created.length + updated.length + deleted.length > 0) {
        dependencies.log.info({ created, updated, deleted }, 'schedules were brought in step with the access file');
      }
      return { againInMs: SYNC_EVERY_MS };
    },
    deleteOldRows: () => deleteOldRows(dependencies),
  };
}

/**
 * Ends turns whose workflow is closed: a workflow that was terminated or has failed runs no code that could tell its thread.
 *
 * Only turns that have been silent are looked at, at most 100 in a round, so that a crowd of turns costs Temporal a few questions a
 * second. While Temporal cannot be asked, the round fails and nothing is ended.
 */
async function endAbandonedTurns(
  { database, client, isSessionOpen, endAbandonedTurn, log, clock }: HousekeepingDependencies,
  deadline: number,
): Promise<{ againInMs: number }> {
  const silent = await silentTurns(database, SILENT_MS, LOOKED_AT);
  const waiting = [...silent];
  const ask = async (): Promise<void> => {
    for (let turn = waiting.shift(); turn && clock() < deadline; turn = waiting.shift()) {
      const { session } = turn;
      if (await client.withDeadline(deadline, () => isSessionOpen(client, session))) await noteLook(database, turn);
      else {
        await endAbandonedTurn(turn);
        log.info(turn, 'ended a turn whose workflow is closed');
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return { againInMs: silent.length === LOOKED_AT ? 0 : LOOK_EVERY_MS };
}

/**
 * Has messages signalled again whose workflow was lost before it began a turn for them: terminated, failed, or gone with Temporal's
 * data. A thread whose workflow cannot begin a turn is told so in the end.
 */
async function startLeftSessions(
  { database, client, isSessionOpen, log, clock }: HousekeepingDependencies,
  deadline: number,
): Promise<void> {
  for (const session of await leftSessions(database, SILENT_MS, LEFT_LOOKED_AT)) {
    if (clock() > deadline) return;
    if (await client.withDeadline(deadline, () => isSessionOpen(client, session))) continue;
    const { again, givenUp } = await inTransaction(database, async (db) => {
      const found = await signalAgain(db, session, SILENT_MS, MOST_SIGNALS);
      const key = `${session}/left/${new Date(clock()).toISOString().slice(0, 10)}`;
      if (found.givenUp > 0) await createTellThread(db)(session, key, await failureText(db, session, 'SessionEnded'));
      return found;
    });
    if (again + givenUp > 0) log.info({ session, again, givenUp }, 'messages were left without a turn');
  }
}

/** Deletes what is too old, a batch of each kind in turn, until nothing is left or the time of this round is over. */
async function deleteOldRows({ database, retention, log, clock }: HousekeepingDependencies) {
  const until = clock() + DELETE_MS;
  const deleted: Partial<Record<string, number>> = {};
  let kinds = RETENTION_KINDS.filter((kind) => retention[kind] !== null);
  while (kinds.length > 0 && clock() < until) {
    const left: typeof kinds = [];
    for (const kind of kinds) {
      const started = clock();
      const count = await deleteOld(database, kind, new Date(started - (retention[kind] ?? 0) * DAY_MS), BATCH);
      if (count === 0) continue;
      left.push(kind);
      deleted[kind] = (deleted[kind] ?? 0) + count;
      await sleep((clock() - started) * PAUSE_PER_BATCH_TIME);
    }
    kinds = left;
  }
  if (Object.keys(deleted).length > 0) log.info(deleted, 'deleted what is past its retention');
  return { againInMs: kinds.length > 0 ? DELETE_ON_MS : DELETE_EVERY_MS };
}
