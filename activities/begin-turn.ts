import type { AgentActivities } from '../contracts/activities.ts';
import type { Database } from '../store/database.ts';
import { findSession } from '../store/sessions.ts';
import { beginTurn, runningTurns } from '../store/turns.ts';
import type { EndAbandonedTurn } from './abandoned-turns.ts';
import type { SessionSettings } from './settings.ts';

export interface BeginTurnDependencies {
  readonly database: Database;
  readonly settings: SessionSettings;
  readonly endAbandonedTurn: EndAbandonedTurn;
}

/** Begins the next turn if somebody waits for one, after ending what an earlier run was not let to end. */
export function createBeginTurn(dependencies: BeginTurnDependencies): AgentActivities['beginTurn'] {
  const { database, settings, endAbandonedTurn } = dependencies;
  return async ({ session, claim, stoppedUpTo }) => {
    const known = await findSession(database, session);
    if (!known) return null;
    for (const { number } of await runningTurns(database, { session, claim })) {
      await endAbandonedTurn({ session, turn: number });
    }
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
