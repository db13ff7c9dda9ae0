import { FAILURES, type FailureType, isFailureType } from '../../../contracts/failures.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import type { Principal } from '../../../contracts/scope.ts';
import type { Queryable } from '../../../store/database.ts';
import { egressEventsOf } from '../../../store/egress-events.ts';
import { heldBackIn } from '../../../store/held-back.ts';
import { readSession, readSteps, readTurns, type StepRecord, type TurnRecord } from '../../../store/thread-view.ts';
import type { StepView, ThreadView, TurnView } from '../contract/thread.ts';
import type { OriginBook } from './origin-book.ts';
import type { ScopeLabels } from './scope-labels.ts';

export interface ThreadBoardDependencies {
  readonly db: Queryable;
  readonly origins: OriginBook;
  readonly labels: ScopeLabels;
}

const EVENTS_SHOWN = 300;
const HELD_BACK_SHOWN = 20;

/** Puts together what the page shows about one thread. */
export async function readThread(
  { db, origins, labels }: ThreadBoardDependencies,
  session: SessionId,
): Promise<ThreadView> {
  const [known, turns, steps, events, held] = await Promise.all([
    readSession(db, session),
    readTurns(db, session),
    readSteps(db, session),
    egressEventsOf(db, session, EVENTS_SHOWN),
    heldBackIn(db, session, HELD_BACK_SHOWN),
  ]);
  const [seen, labelOf] = await Promise.all([origins.match(events), labels.read(db)]);
  return {
    session,
    state: known?.state ?? null,
    actsAs: known ? personOf(known.principal) : null,
    runner: known?.runner ?? null,
    sandbox: known?.sandbox ?? null,
    turns: turns.map((turn) =>
      toTurn(
        turn,
        steps.filter((step) => step.turn === turn.number),
      ),
    ),
    heldBack: held.map(({ at, owner, actor, kind, confirmed }) => ({
      ...{ at: at.toISOString(), owner, actor, kind, confirmed },
    })),
    egress: events.map((event) => ({
      event,
      scopeLabel: event.ruleScope === null ? null : labelOf(event.ruleScope),
      origin: seen.origins.get(event.id) ?? null,
      hits: seen.hits[event.host] ?? null,
    })),
  };
}

/** The id of the person whom a principal is; null for the agent of a scope. */
function personOf(principal: Principal): string | null {
  const [kind, , person] = principal.split(':');
  return kind === 'person' && person ? person : null;
}

function toTurn(turn: TurnRecord, steps: readonly StepRecord[]): TurnView {
  const resolved = turn.resolvedAt;
  const over = turn.endedAt !== null;
  const lastStep = steps.findLast((step) => step.endedAt !== null);
  return {
    number: turn.number,
    requester: turn.requester,
    steeredBy: turn.steeredBy,
    state: turn.state,
    failure: failureInWords(turn.failure),
    startedAt: turn.startedAt.toISOString(),
    endedAt: iso(turn.endedAt),
    resolve: {
      startedAt: turn.startedAt.toISOString(),
      endedAt: iso(resolved),
      detail: turn.policyVersion === null ? null : `policy version ${turn.policyVersion}`,
    },
    provision:
      resolved && (turn.sandboxReadyAt || !over)
        ? { startedAt: resolved.toISOString(), endedAt: iso(turn.sandboxReadyAt), detail: null }
        : null,
    steps: steps.map(toStep),
    reply:
      turn.answeredAt || over
        ? {
            startedAt: (lastStep?.endedAt ?? turn.endedAt ?? turn.startedAt).toISOString(),
            endedAt: iso(turn.answeredAt),
            detail: null,
          }
        : null,
    inputTokens: turn.inputTokens,
    outputTokens: turn.outputTokens,
  };
}

function toStep(step: StepRecord): StepView {
  const { number, kind, tool, state, exitCode, truncated, attempt } = step;
  return {
    number,
    kind,
    tool,
    state,
    exitCode,
    truncated,
    attempt,
    startedAt: iso(step.startedAt),
    endedAt: iso(step.endedAt),
  };
}

function failureInWords(failure: string | null): string | null {
  if (failure === null) return null;
  return isFailureType(failure) ? FAILURES[failure satisfies FailureType].thread : failure;
}

function iso(date: Date | null): string | null {
  return date?.toISOString() ?? null;
}
