import type { Client } from '@temporalio/client';
import type { EndAbandonedTurn } from '../../activities/abandoned-turns.ts';
import type { Database } from '../../store/database.ts';
import { runningTurns } from '../../store/turns.ts';
import { isSessionOpen } from '../is-session-open.ts';

export interface AbandonedTurnsRound {
  readonly client: Client;
  readonly database: Database;
  readonly end: EndAbandonedTurn;
}

/**
 * One round: ends turns whose workflow is closed. A workflow that was terminated or has failed runs no code that could
 * tell its thread.
 */
export async function endAbandonedTurns({ client, database, end }: AbandonedTurnsRound): Promise<void> {
  for (const { session, number } of await runningTurns(database)) {
    if (!(await isSessionOpen(client, session))) await end({ session, turn: number });
  }
}
