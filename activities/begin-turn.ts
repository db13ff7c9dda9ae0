import type { AgentActivities } from '../contracts/activities.ts';
import type { Database } from '../store/database.ts';
import { findSession } from '../store/sessions.ts';
import { beginTurn } from '../store/turns.ts';
import type { SessionSettings } from './settings.ts';

export interface BeginTurnDependencies {
  readonly database: Database;
  readonly settings: SessionSettings;
}

/** Begins the next turn if somebody waits for one. */
export function createBeginTurn({ database, settings }: BeginTurnDependencies): AgentActivities['beginTurn'] {
  return async ({ session, claim, stoppedUpTo }) => {
    const known = await findSession(database, session);
    if (!known) return null;
    const turn = await beginTurn(database, { session, claim, stoppedUpTo });
    if (!turn) return null;
    return {
      turn: turn.number,
      requester: turn.requester,
      scope: known.scope,
      principal: known.principal,
      limits: settings.limits,
      rest: settings.rest,
    };
  };
}
