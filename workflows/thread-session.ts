import {
  CancellationScope,
  continueAsNew,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { BegunTurn, Placement, RestTimes, SessionInput } from '../contracts/activities.ts';
import type { SessionState } from '../contracts/search-attributes.ts';
import type { StopSignal } from '../contracts/signals.ts';
import { books, runnerProxies } from './activity-proxies.ts';
import { runTurn } from './run-turn.ts';
import { listenToSignals, type SessionSignals } from './session-signals.ts';

/** A run hands over between turns at this size, so that a turn of 100 steps stays under 2,000 events a run. */
const HAND_OVER_AT_EVENTS = 500;
/** A run that began nothing (its message was read by another turn) waits this long for a straggler. */
const NOTHING_TO_DO: RestTimes = { pauseAfterMs: 5_000, removeAfterMs: 0 };

/** What the next run must know; everything else is in PostgreSQL. */
interface SessionRun extends SessionInput {
  readonly rest?: RestTimes;
  readonly placement?: Placement | null;
  readonly stop?: StopSignal | null;
}

/**
 * The agent's work in one Slack thread. Turns one after the other while somebody speaks; then the sandbox is paused,
 * later removed, and the workflow completes. The next message starts a new run of the same id.
 */
export async function threadSession({ session, ...before }: SessionRun): Promise<void> {
  const signals = listenToSignals(before.stop ?? null);
  const { runId } = workflowInfo();
  let rest = before.rest ?? NOTHING_TO_DO;
  let placement = before.placement ?? null;
  for (let asked = 1; ; asked += 1) {
    const stop = signals.look();
    const begun = await books.beginTurn({ session, claim: `${runId}/${asked}`, stoppedUpTo: stop?.inboxId ?? null });
    if (begun !== null) {
      show('working', begun);
      const done = await runTurn({ session, turn: begun.turn }, begun, signals);
      rest = begun.rest;
      placement = done ?? placement;
      show('idle', begun);
    }
    if (workflowInfo().historyLength > HAND_OVER_AT_EVENTS) {
      // A message that came meanwhile is in PostgreSQL, and the next run begins by asking for it.
      await continueAsNew<typeof threadSession>({ session, rest, placement, stop: signals.stop() });
    }
    if (signals.pending()) continue;
    if (await takeRest({ session }, placement, rest, signals)) return;
  }
}

/** True when the session is over; false when somebody spoke again. */
async function takeRest(
  input: SessionInput,
  placement: Placement | null,
  rest: RestTimes,
  signals: SessionSignals,
): Promise<boolean> {
  if (await signals.arrived(rest.pauseAfterMs)) return false;
  if (placement === null) {
    await books.noteSession({ ...input, state: 'closed' });
    return !signals.pending();
  }
  const { settles } = runnerProxies(placement.runner, 1);
  const sandbox = { ...input, sandbox: placement.sandbox };
  await settles.pauseSandbox(sandbox).catch(() => undefined);
  showState('paused');
  if (await signals.arrived(rest.removeAfterMs)) return false;
  // Terminated workflows run no code: what this leaves behind, the runner's reaper removes.
  await CancellationScope.nonCancellable(() => settles.removeSandbox(sandbox)).catch(() => undefined);
  await books.noteSession({ ...input, state: 'closed' });
  return !signals.pending();
}

function show(state: SessionState, { turn, requester, scope }: BegunTurn): void {
  upsertSearchAttributes({ BellhopState: [state], BellhopRequester: [requester] });
  setCurrentDetails(`**${state}** · turn ${turn} · ${scope} · for ${requester}`);
}

function showState(state: SessionState): void {
  upsertSearchAttributes({ BellhopState: [state] });
}
