import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { BegunTurn, EndTurnInput, ModelCallResult, Placement, TurnInput } from '../contracts/activities.ts';
import type { EgressCounts } from '../contracts/egress.ts';
import type { StopSignal } from '../contracts/signals.ts';
import { books, looks, type RunnerProxies, runnerProxies, thinks } from './activity-proxies.ts';
import { failureTypeOf } from './failure-type-of.ts';
import { followEgress } from './follow-egress.ts';
import { runTools } from './run-tools.ts';
import type { SessionDisplay } from './session-display.ts';
import type { SessionSignals } from './session-signals.ts';

export interface FinishedTurn {
  readonly placement: Placement | null;
  readonly egress: EgressCounts | null;
}

/**
 * One turn, from a person's message to the answer: resolve what may be reached, place and provision a sandbox beside
 * the first model call, then model and tools in turn until the model is done. However it ends, every tool call has a
 * result, the agent's processes are dead, the way out is closed, and the thread has been told.
 */
export async function runTurn(
  input: TurnInput,
  begun: BegunTurn,
  signals: SessionSignals,
  display: SessionDisplay,
): Promise<FinishedTurn> {
  let placed: PlacedTurn | null = null;
  let ending: Ending;
  try {
    ending = await signals.stoppable(async () => {
      const [, placement] = await Promise.all([
        looks.resolveScopeAccess({ ...input, scope: begun.scope }),
        looks.placeSandbox(input),
      ]);
      display.placed(placement.runner);
      placed = openTurn(input, begun, placement);
      return work(input, begun, placed);
    });
  } catch (error) {
    ending = isCancellation(error) ? stoppedBy(signals.newStop()) : { ending: 'failed', failure: failureTypeOf(error) };
  }
  return CancellationScope.nonCancellable(() => close(input, placed, ending));
}

type Ending = Omit<EndTurnInput, keyof TurnInput>;

/** Nobody is named when an operator has cancelled the workflow. */
function stoppedBy(stop: StopSignal | null): Ending {
  return { ending: 'stopped', ...(stop && { stoppedBy: stop.by, stoppedUpTo: stop.inboxId }) };
}

/** A turn whose sandbox is on its way. */
interface PlacedTurn {
  readonly placement: Placement;
  readonly runner: RunnerProxies;
  /** Resolves when the sandbox is ready for tools. */
  readonly ready: Promise<unknown>;
  readonly egress: ReturnType<typeof followEgress>;
}

function openTurn(input: TurnInput, begun: BegunTurn, placement: Placement): PlacedTurn {
  const runner = runnerProxies(placement.runner, begun.limits.minutes);
  const { sandbox } = placement;
  const ready = runner.provisions.provisionSandbox({ ...input, sandbox });
  // Awaited by the first tool; until then a failure must not count as unhandled.
  ready.catch(() => undefined);
  const { scope, principal, requester } = begun;
  const egress = followEgress(runner, { ...input, sandbox, scope, principal, requester }, ready);
  return { placement, runner, ready, egress };
}

/** Model and tools until there is an answer nobody has added to, or a limit is reached. */
async function work(input: TurnInput, begun: BegunTurn, { placement, runner, ready }: PlacedTurn): Promise<Ending> {
  let step = 1;
  for (;;) {
    const summary = `turn ${input.turn} · model`;
    const answer: ModelCallResult = await thinks.callModel.executeWithOptions({ summary }, [{ ...input, step }]);
    step = answer.nextStep;
    if (answer.tools.length > 0) {
      await ready;
      await runTools(runner, { ...input, sandbox: placement.sandbox }, answer.tools);
    }
    if (answer.limit !== null) return { ending: 'limit' };
    if (!answer.done) continue;
    // The answer is given before anything is cleaned up; a message that came meanwhile keeps the turn going.
    const { more } = await books.endTurn({ ...input, ending: 'answered' });
    if (!more) return { ending: 'answered' };
    if (step > begun.limits.steps) return { ending: 'limit' };
  }
}

async function close(input: TurnInput, placed: PlacedTurn | null, ending: Ending): Promise<FinishedTurn> {
  const egress = placed && (await settle(input, placed));
  if (ending.ending !== 'answered') {
    await books.settleTools({
      ...input,
      reason: ending.ending === 'stopped' ? 'stopped' : 'unknown',
      ...(ending.stoppedBy && { by: ending.stoppedBy }),
    });
    await books.endTurn({ ...input, ...ending });
  }
  return { placement: placed?.placement ?? null, egress };
}

/** A runner that is gone cannot settle; its sandbox's lease then dies by itself within 15 s. */
async function settle(
  input: TurnInput,
  { placement, runner, ready, egress }: PlacedTurn,
): Promise<EgressCounts | null> {
  try {
    // A sandbox that is still on its way would open its way out after it was closed.
    await ready.catch(() => undefined);
    await runner.settles.settleSandbox({ ...input, sandbox: placement.sandbox });
    return await egress.ended();
  } catch {
    egress.abandon();
    return null;
  }
}
