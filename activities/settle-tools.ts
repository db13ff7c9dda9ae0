import { settleOpenTools } from '../agent/settle-tools.ts';
import type { AgentActivities } from '../contracts/activities.ts';
import { type Database, inTransaction } from '../store/database.ts';

/** Before anything else is said to the model, every tool call it made has a result. */
export function createSettleTools({ database }: { readonly database: Database }): AgentActivities['settleTools'] {
  return async ({ session, turn, reason, by }) => {
    const why = reason === 'stopped' ? { reason, by: by ?? null } : { reason };
    await inTransaction(database, (db) => settleOpenTools(db, session, turn, why));
  };
}
