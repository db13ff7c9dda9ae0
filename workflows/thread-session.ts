import { CancellationScope, CancelledFailure, continueAsNew, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { Placement, RestTimes } from '../contracts/activities.ts';
import type { Fence } from '../contracts/fence.ts';
import type { SessionId } from '../contracts/ids.ts';
import { runnerProxies, sessionRecords } from './activity-proxies.ts';
import { runTurn } from './run-turn.ts';
import { createSessionDisplay, type SessionDisplay } from './session-display.ts';
import { listenToSignals, type SessionSignals } from './session-signals.ts';
import { type HandedOver, readRun } from './workflow-input.ts';

/** A run hands over between turns at this size, so that a turn of 100 steps stays under 2,000 events a run. */
const HAND_OVER_AT_EVENTS = 500;
/** A run may find nothing to begin, because another turn has read its message. It waits this long for another message. */
const NOTHING_TO_DO: RestTimes = { pauseAfterMs: 5_000, removeAfterMs: 0 };

/**
 * The agent's work in one Slack thread. Turns one after the other while somebody speaks; then the sandbox is paused,
 * later removed, and the workflow completes. The next message starts a new run of the same id. An operator may cancel
 * it at any time: the turn ends as a stopped one, and the sandbox is put away.
 *
 * @example
 * client.workflow.signalWithStart('threadSession', { workflowId: session, args: [{ session }], signal: 'message', … })
 */
export async function threadSession(given: unknown): Promise<void> {
  const run = readRun(given);
  const { session, placement } = run;
  const held: Held = { session, placement, fence: run.fence, display: createSessionDisplay(run.egress) };
  try {
    await live(run, held);
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => putAway(held));
    throw error;
  }
}

/** What a run holds, and must put away at its end. */
interface Held {
  readonly session: SessionId;
  placement: Placement | null;
  /** Of the last asking for a turn; null before the first. */
  fence: Fence | null;
  readonly display: SessionDisplay;
}

async function live(before: HandedOver, held: Held): Promise<void> {
  const { session, display } = held;
  const signals = listenToSignals(before.stop, display.ignored);
  let rest = before.rest ?? NOTHING_TO_DO;
  let newest = before.turn;
  for (;;) {
    const stop = signals.markSeen();
    const fence = await nextFence(held);
    const asking = { session, fence, after: newest, stoppedUpTo: stop?.inboxId ?? null };
    const begun = await sessionRecords.beginTurn(asking);
    if (begun !== null) {
      newest = begun.turn;
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
      const next: HandedOver = {
        session,
        rest,
        placement,
        stop: signals.lastStop(),
        egress: display.egress(),
        fence,
        turn: newest,
      };
      await continueAsNew<typeof threadSession>(next);
    }
    if (signals.pending()) continue;
    if (await takeRest(held, fence, rest, signals)) return;
  }
}

/** Every asking has a higher fence than the one before, also over continue-as-new (contracts/fence.ts). */
async function nextFence(held: Held): Promise<Fence> {
  const { session, fence } = held;
  const run = fence?.run ?? (await sessionRecords.openRun({ session, runId: workflowInfo().runId }));
  held.fence = { run, count: (fence?.count ?? 0) + 1 };
  return held.fence;
}

/** True when the session is over; false when somebody spoke again. */
async function takeRest(held: Held, fence: Fence, rest: RestTimes, signals: SessionSignals): Promise<boolean> {
  if (await signals.arrived(rest.pauseAfterMs)) return false;
  const { session, placement, display } = held;
  if (placement !== null) {
    const { resting } = runnerProxies(placement.runner, 1);
    await resting.pauseSandbox({ session, fence, sandbox: placement.sandbox }).catch(() => undefined);
    display.rests('paused');
    if (await signals.arrived(rest.removeAfterMs)) return false;
  }
  await CancellationScope.nonCancellable(() => putAway(held));
  return !signals.pending();
}

/** Removes the sandbox and notes that the session is closed. A terminated workflow never comes here: the runner's reaper does it then. */
async function putAway({ session, fence, placement, display }: Held): Promise<void> {
  // A run that never asked holds nothing and has changed nothing.
  if (fence === null) return;
  if (placement !== null) {
    const { resting } = runnerProxies(placement.runner, 1);
    await resting.removeSandbox({ session, fence, sandbox: placement.sandbox }).catch(() => undefined);
  }
  await sessionRecords.noteSession({ session, fence, state: 'closed' });
  display.rests('closed');
}
