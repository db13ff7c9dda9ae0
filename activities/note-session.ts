import type { AgentActivities } from '../contracts/activities.ts';
import type { Database } from '../store/database.ts';
import { setSessionState } from '../store/sessions.ts';

/** Keeps the session's state where `bellhop status` reads it, also while Temporal is down. */
export function createNoteSession({ database }: { readonly database: Database }): AgentActivities['noteSession'] {
  return ({ session, state }) => setSessionState(database, session, state);
}
