import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { BegunTurn, EndTurnInput, ModelCallResult, Placement, TurnInput } from '../contracts/activities.ts';
import type { EgressCounts } from '../contracts/egress.ts';
import type { StopSignal } from '../contracts/signals.ts';
import { books, looks, thinks } from './activity-proxies.ts';
import { failureTypeOf } from './failure-type-of.ts';
import { runTools } from './run-tools.ts';
import type { SessionDisplay } from './session-display.ts';
import type { SessionSignals } from './session-signals.ts';
import { openSandbox, type TurnSandbox } from './turn-sandbox.ts';

/** A runner that does not answer keeps the thread no longer from being told how the turn ended. */
const TOLD_WITHIN_MS = 10_000;

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
  const held: Held = { placement: null, sandbox: null };
  let ending: Ending;
  try {
    ending = await signals.stoppable(async () => {
      const placement = await resolveAndPlace(input, begun, held);
      display.placed(placement.runner);
      held.sandbox = openSandbox(input, begun, placement);
      return work(input, begun, held.sandbox);
    });
  } catch (error) {
    ending = isCancellation(error) ? stoppedBy(signals.newStop()) : { ending: 'failed', failure: failureTypeOf(error) };
  }
  return CancellationScope.nonCancellable(() => close(input, held, ending));
}

type Ending = Omit<EndTurnInput, keyof TurnInput>;

/** What a turn has taken and must give back. */
interface Held {
  placement: Placement | null;
  sandbox: TurnSandbox | null;
}

/** Nobody is named when an operator has cancelled the workflow. */
function stoppedBy(stop: StopSignal | null): Ending {
  return { ending: 'stopped', ...(stop && { stoppedBy: stop.by, stoppedUpTo: stop.inboxId }) };
}

/** Side by side. Without access there is no turn, so nobody goes on waiting for a place. */
async function resolveAndPlace(input: TurnInput, begun: BegunTurn, held: Held): Promise<Placement> {
  const both = new CancellationScope();
  const place = async (): Promise<Placement> => {
    held.placement = await looks.placeSandbox(input);
    return held.placement;
  };
  try {
    return await both.run(async () => {
      const resolve = looks.resolveScopeAccess({ ...input, scope: begun.scope });
      const [placement] = await Promise.all([place(), resolve]);
      return placement;
    });
  } catch (error) {
    both.cancel();
    throw error;
  }
}

/** Model and tools until there is an answer nobody has added to, or a limit is reached. */
async function work(input: TurnInput, { limits }: BegunTurn, sandbox: TurnSandbox): Promise<Ending> {
  let step = 1;
  for (;;) {
    const summary = `turn ${input.turn} · model`;
    const answer: ModelCallResult = await thinks.callModel.executeWithOptions({ summary }, [{ ...input, step }]);
    step = answer.nextStep;
    if (answer.tools.length > 0) {
      // The minutes of a turn are those of its work: who waits for an image to be built has not worked.
      const until = (await sandbox.ready) + limits.minutes * 60_000;
      const at = { ...input, sandbox: sandbox.id };
      const done = await runTools(sandbox.runner, at, answer.tools, { steps: limits.steps, until });
      if (!done) return { ending: 'limit' };
    }
    if (answer.limit !== null) return { ending: 'limit' };
    if (!answer.done) continue;
    // The answer is given before anything is cleaned up; a message that came meanwhile keeps the turn going.
    const { more } = await books.endTurn({ ...input, ending: 'answered' });
    if (!more) return { ending: 'answered' };
    if (step > limits.steps) return { ending: 'limit' };
  }
}

async function close(input: TurnInput, held: Held, ending: Ending): Promise<FinishedTurn> {
  const { sandbox } = held;
  const settling = sandbox?.settle();
  if (ending.ending !== 'answered') {
    if (settling !== undefined) await awaitAtMost(TOLD_WITHIN_MS, settling);
    await books.settleTools({
      ...input,
      reason: ending.ending === 'failed' ? 'unknown' : ending.ending,
      ...(ending.stoppedBy && { by: ending.stoppedBy }),
    });
    await books.endTurn({ ...input, ...ending });
  }
  await settling;
  return { placement: held.placement, egress: (await sandbox?.counts()) ?? null };
}

async function awaitAtMost(ms: number, work: Promise<void>): Promise<void> {
  let over = false;
  void work.then(() => {
    over = true;
  });
  await condition(() => over, ms);
}
