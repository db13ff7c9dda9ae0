import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { BegunTurn, EndTurnInput, ModelCallResult, Placement, TurnInput } from '../contracts/activities.ts';
import type { EgressCounts } from '../contracts/egress.ts';
import type { StopSignal } from '../contracts/signals.ts';
import { modelCalls, preparations, sessionRecords } from './activity-proxies.ts';
import { failureTypeOf } from './failure-type-of.ts';
import { createPeopleWait, runTools } from './run-tools.ts';
import type { SessionDisplay } from './session-display.ts';
import type { SessionSignals } from './session-signals.ts';
import { openSandbox, type TurnSandbox } from './turn-sandbox.ts';

/** The thread is told how the turn ended after this long, also when the runner does not answer. */
const TOLD_WITHIN_MS = 10_000;

export interface FinishedTurn {
  readonly placement: Placement | null;
  readonly egress: EgressCounts | null;
}

/**
 * One turn, from a person's message to the answer: resolve what may be reached, ask for a place for the sandbox beside
 * it, then model and tools in turn until the model is done. The sandbox is waited for by the first tool call only. However
 * the turn ends, every tool call has a result, the agent's processes are dead, the way out is closed, and the thread has
 * been told.
 */
export async function runTurn(
  input: TurnInput,
  begun: BegunTurn,
  signals: SessionSignals,
  display: SessionDisplay,
): Promise<FinishedTurn> {
  const held: Held = { sandbox: null };
  let ending: Ending;
  try {
    ending = await signals.stoppable(async () => {
      const access = preparations.resolveScopeAccess({ ...input, scope: begun.scope });
      const onPlaced = ({ runner }: Placement): void => display.placed(runner);
      held.sandbox = openSandbox(input, begun, { signals, access, onPlaced });
      await access;
      return work(input, begun, held.sandbox, {
        answerSignals: signals.answerSignals,
        steered: display.steered,
      });
    });
  } catch (error) {
    ending = isCancellation(error)
      ? stoppedBy(signals.unseenStop())
      : { ending: 'failed', failure: failureTypeOf(error) };
  }
  return CancellationScope.nonCancellable(() => close(input, held, ending));
}

type Ending = Omit<EndTurnInput, keyof TurnInput | 'hasPlace'>;

/** What a turn has taken and must give back. */
interface Held {
  sandbox: TurnSandbox | null;
}

/** Nobody is named when an operator has cancelled the workflow. */
function stoppedBy(stop: StopSignal | null): Ending {
  return { ending: 'stopped', ...(stop && { stoppedBy: stop.by, stoppedUpTo: stop.inboxId }) };
}

/** Calls the model and runs its tools until there is an answer that nobody has added to, or a limit is reached. */
async function work(
  input: TurnInput,
  { limits }: BegunTurn,
  sandbox: TurnSandbox,
  { answerSignals, steered }: Pick<SessionSignals, 'answerSignals'> & Pick<SessionDisplay, 'steered'>,
): Promise<Ending> {
  const waiting = createPeopleWait(answerSignals);
  let step = 1;
  /** When the first tool began that needs no sandbox. */
  let withoutSandbox: number | undefined;
  for (;;) {
    const summary = `turn ${input.turn} · model`;
    const answer: ModelCallResult = await modelCalls.callModel.executeWithOptions({ summary }, [{ ...input, step }]);
    step = answer.nextStep;
    // A run that was begun before the worker knew of this gives nothing.
    if (Array.isArray(answer.steeredBy)) steered(answer.steeredBy);
    if (answer.tools.length > 0) {
      // Tools that work in Slack need no sandbox, and wait for none.
      const ready = answer.tools.some(({ at }) => at !== 'slack') ? await sandbox.ready() : null;
      // The minutes of a turn are those of its work. Waiting for a place, an image or a person is no work.
      const since = ready?.since ?? withoutSandbox ?? Date.now();
      if (ready === null) withoutSandbox = since;
      const until = () => since + limits.minutes * 60_000 + waiting.waitedMs();
      const done = await runTools(ready, input, answer.tools, { steps: limits.steps, until, waiting });
      if (!done) return { ending: 'limit' };
    }
    if (answer.limit !== null) return { ending: 'limit' };
    if (!answer.done) continue;
    // The answer is given before anything is cleaned up; a message that came meanwhile keeps the turn going.
    const hasPlace = sandbox.placement() !== null;
    const { more } = await sessionRecords.endTurn({ ...input, ending: 'answered', hasPlace });
    if (!more) return { ending: 'answered' };
    if (step > limits.steps) return { ending: 'limit' };
  }
}

/**
 * Ends what the turn has taken. A turn that was not answered is settled first, so that the thread is told of its end when the
 * commands are dead. A runner that does not answer delays this by ten seconds at most. Whether the workflow was told its
 * place is read after that, because a sandbox that nobody settles has to give its place back with the turn.
 */
async function close(input: TurnInput, held: Held, ending: Ending): Promise<FinishedTurn> {
  const { sandbox } = held;
  const settling = sandbox?.settle();
  if (ending.ending !== 'answered') {
    if (settling !== undefined) await awaitAtMost(TOLD_WITHIN_MS, settling);
    await sessionRecords.settleTools({
      ...input,
      reason: ending.ending === 'failed' ? 'unknown' : ending.ending,
      ...(ending.stoppedBy && { by: ending.stoppedBy }),
    });
    const hasPlace = sandbox !== null && sandbox.placement() !== null;
    await sessionRecords.endTurn({ ...input, ...ending, hasPlace });
  }
  await settling;
  return { placement: sandbox?.placement() ?? null, egress: (await sandbox?.counts()) ?? null };
}

async function awaitAtMost(ms: number, work: Promise<void>): Promise<void> {
  let over = false;
  void work.then(() => {
    over = true;
  });
  await condition(() => over, ms);
}
