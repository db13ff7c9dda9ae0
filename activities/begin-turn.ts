import type { AgentActivities } from '../contracts/activities.ts';
import type { Database } from '../store/database.ts';
import { findSession } from '../store/sessions.ts';
import { beginTurn, runningTurns, type Turn, type TurnClaim, turnOfClaim } from '../store/turns.ts';
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
    const [known, mine] = await Promise.all([findSession(database, session), turnOfClaim(database, claim)]);
    if (!known) return null;
    const turn = mine ?? (await begin({ session, claim, stoppedUpTo }));
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

  /** An attempt that comes late finds its own turn before this, and ends none that began after it. */
  async function begin(input: TurnClaim): Promise<Turn | null> {
    const { session, claim } = input;
    for (const { number } of await runningTurns(database, { session, claim })) {
      await endAbandonedTurn({ session, turn: number });
    }
    return beginTurn(database, input);
  }
}
