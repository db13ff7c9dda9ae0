import { CancellationScope, CancelledFailure, continueAsNew, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { Placement, RestTimes, SessionInput } from '../contracts/activities.ts';
import type { EgressCounts } from '../contracts/egress.ts';
import type { StopSignal } from '../contracts/signals.ts';
import { books, runnerProxies } from './activity-proxies.ts';
import { runTurn } from './run-turn.ts';
import { createSessionDisplay, type SessionDisplay } from './session-display.ts';
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
  /** What the turns of earlier runs sent out. */
  readonly egress?: EgressCounts;
}

/**
 * The agent's work in one Slack thread. Turns one after the other while somebody speaks; then the sandbox is paused,
 * later removed, and the workflow completes. The next message starts a new run of the same id. An operator may cancel
 * it at any time: the turn ends as a stopped one, and the sandbox is put away.
 */
export async function threadSession(run: SessionRun): Promise<void> {
  const held: Held = { placement: run.placement ?? null, display: createSessionDisplay(run.egress) };
  try {
    await live(run, held);
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => putAway(run.session, held));
    throw error;
  }
}

interface Held {
  placement: Placement | null;
  readonly display: SessionDisplay;
}

async function live({ session, ...before }: SessionRun, held: Held): Promise<void> {
  const signals = listenToSignals(before.stop ?? null);
  const { runId } = workflowInfo();
  const { display } = held;
  let rest = before.rest ?? NOTHING_TO_DO;
  for (let asked = 1; ; asked += 1) {
    const stop = signals.look();
    const begun = await books.beginTurn({ session, claim: `${runId}/${asked}`, stoppedUpTo: stop?.inboxId ?? null });
    if (begun !== null) {
      display.turnBegun(begun);
      const { placement, egress } = await runTurn({ session, turn: begun.turn }, begun, signals, display);
      rest = begun.rest;
      held.placement = placement ?? held.placement;
      display.turnEnded(egress);
    }
    // The turn has ended as a stopped one; a run that takes over would not know that it was cancelled.
    if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('cancelled by an operator');
    if (workflowInfo().historyLength > HAND_OVER_AT_EVENTS) {
      const { placement } = held;
      // A message that came meanwhile is in PostgreSQL, and the next run begins by asking for it.
      const next = { session, rest, placement, stop: signals.stop(), egress: display.egress() };
      await continueAsNew<typeof threadSession>(next);
    }
    if (signals.pending()) continue;
    if (await takeRest(session, held, rest, signals)) return;
  }
}

/** True when the session is over; false when somebody spoke again. */
async function takeRest(
  session: SessionInput['session'],
  held: Held,
  rest: RestTimes,
  signals: SessionSignals,
): Promise<boolean> {
  if (await signals.arrived(rest.pauseAfterMs)) return false;
  const { placement, display } = held;
  if (placement !== null) {
    const { rests } = runnerProxies(placement.runner, 1);
    await rests.pauseSandbox({ session, sandbox: placement.sandbox }).catch(() => undefined);
    display.rests('paused');
    if (await signals.arrived(rest.removeAfterMs)) return false;
  }
  await CancellationScope.nonCancellable(() => putAway(session, held));
  return !signals.pending();
}

/** Terminated workflows run no code: what those leave behind, the runner's reaper removes. */
async function putAway(session: SessionInput['session'], { placement, display }: Held): Promise<void> {
  if (placement !== null) {
    const { rests } = runnerProxies(placement.runner, 1);
    await rests.removeSandbox({ session, sandbox: placement.sandbox }).catch(() => undefined);
  }
  await books.noteSession({ session, state: 'closed' });
  display.rests('closed');
}
