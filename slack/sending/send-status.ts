import type { Database } from '../../store/database.ts';
import { markSent, type OutboxOf } from '../../store/outbox-claims.ts';
import { noteStatusSet, statusToTell } from '../../store/working-status.ts';
import { failureOf } from '../api/errors.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import type { Hold } from './outbox-sender.ts';

export interface SendStatusDependencies {
  readonly database: Database;
  readonly calls: PacedCalls;
  readonly hold: Hold;
  /** After this long the line of a running turn is set again. */
  readonly againInMs: number;
}

/**
 * Brings Slack's own line under a thread up to date. The row of a running turn is given back each time, until the end of the turn makes it
 * final. A workspace without such lines refuses the first one, and is not asked again in this turn.
 *
 * @returns true when the row needs no more calls
 */
export async function sendStatus(dependencies: SendStatusDependencies, row: OutboxOf<'status'>): Promise<boolean> {
  const { database, calls, hold, againInMs } = dependencies;
  const status = await statusToTell(database, row);
  if (status === null) {
    await markSent(database, row, null, 0);
    return true;
  }
  await hold();
  try {
    await calls.call('assistant.threads.setStatus', { channel_id: row.channel, thread_ts: row.threadTs, status });
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind === 'limited') throw error;
    if (failure.kind === 'refused') {
      await markSent(database, row, null, 0);
      return true;
    }
  }
  if (row.final) await markSent(database, row, null, 0);
  else await noteStatusSet(database, row, againInMs);
  return row.final;
}
