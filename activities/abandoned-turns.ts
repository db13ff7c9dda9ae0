import { settleOpenTools } from '../agent/settle-tools.ts';
import type { AgentActivities, TurnInput } from '../contracts/activities.ts';
import { type Database, inTransaction } from '../store/database.ts';

export interface AbandonedTurnsDependencies {
  readonly database: Database;
  readonly endTurn: AgentActivities['endTurn'];
}

/**
 * Ends a turn whose workflow was terminated or failed and cannot end it itself: the thread is told, and its message
 * stops saying that somebody works. A turn that has ended stays as it ended.
 */
export type EndAbandonedTurn = (turn: TurnInput) => Promise<void>;

export function createEndAbandonedTurn({ database, endTurn }: AbandonedTurnsDependencies): EndAbandonedTurn {
  return async ({ session, turn }) => {
    await inTransaction(database, (db) => settleOpenTools(db, session, turn, { reason: 'unknown' }));
    await endTurn({ session, turn, ending: 'failed', failure: 'SessionEnded' });
  };
}
