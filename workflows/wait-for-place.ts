import { ApplicationFailure, condition } from '@temporalio/workflow';
import type { PlaceFailure, Placement, TurnInput } from '../contracts/activities.ts';
import { preparations } from './activity-proxies.ts';
import type { SessionSignals } from './session-signals.ts';

/** After this long the turn asks again by itself, in case the signal got lost. The pauses double. */
const ASK_AGAIN_MS = 20_000;
const ASK_AGAIN_AT_MOST_MS = 300_000;

/** How long a turn stays in line for each reason. A new installation builds its image in minutes; a broken build is mended within a day. */
const GIVE_UP_MS: Readonly<Record<PlaceFailure, number>> = {
  RunnersFull: 30 * 60_000,
  RunnerUnavailable: 30 * 60_000,
  SandboxImageMissing: 24 * 60 * 60_000,
};

export interface PlaceWait {
  /**
   * Waits for the turn's place. Rejects with a failure of the closed union when the turn has waited for too long.
   * @param lost the sandbox of an earlier place, whose runner did not begin to start it
   */
  next(lost?: string): Promise<Placement>;
  /** Says that the turn has come to a tool call: from now on it stands still. */
  need(): void;
}

/**
 * Asks for the turn's place, and waits in line when there is none free. Waiting is a row in PostgreSQL; here it is one
 * condition that a signal ends. An activity that waits would take a slot of a worker, write a heartbeat every second, and
 * end with its worker. A condition does none of these. The place itself does not travel by signal: the turn asks for it, so
 * that a signal that is late, doubled, or of an earlier turn does no harm.
 *
 * Cancelling the scope ends the wait. The row is withdrawn by `endTurn`, however the turn ends.
 */
export function waitForPlace(input: TurnInput, signals: Pick<SessionSignals, 'placeSignals'>): PlaceWait {
  let needed = false;

  const next = async (lost?: string): Promise<Placement> => {
    let reason: PlaceFailure | null = null;
    let since = 0;
    for (let pause = ASK_AGAIN_MS; ; pause = Math.min(2 * pause, ASK_AGAIN_AT_MOST_MS)) {
      const before = { signals: signals.placeSignals(), needed };
      const answer = await preparations.placeSandbox({ ...input, needed, ...(lost !== undefined && { lost }) });
      if ('runner' in answer) return answer;
      // Each reason has its own patience: an image that took two hours to build leaves half an hour for a place.
      if (answer.waitsFor !== reason) {
        reason = answer.waitsFor;
        since = Date.now();
      }
      if (Date.now() - since > GIVE_UP_MS[reason]) {
        throw ApplicationFailure.nonRetryable('no place was granted in time', reason);
      }
      await condition(() => signals.placeSignals() !== before.signals || needed !== before.needed, pause);
    }
  };

  return {
    next,
    need() {
      needed = true;
    },
  };
}
