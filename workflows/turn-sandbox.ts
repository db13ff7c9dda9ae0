import { CancellationScope } from '@temporalio/workflow';
import type { BegunTurn, Placement, ProvisionInput, TurnInput } from '../contracts/activities.ts';
import type { EgressCounts } from '../contracts/egress.ts';
import { type RunnerProxies, runnerProxies } from './activity-proxies.ts';
import { failureTypeOf, wasNeverTaken } from './failure-type-of.ts';
import { type FollowedEgress, followEgress } from './follow-egress.ts';
import type { SessionSignals } from './session-signals.ts';
import { waitForPlace } from './wait-for-place.ts';

/** A new installation builds its image in minutes, a broken build is mended within a working day. */
const IMAGE_WITHIN_MS = 24 * 60 * 60 * 1000;
/** Places that a turn tries, one after the other, when their runners die before they begin. */
const MOST_PLACES = 3;

export interface ReadySandbox {
  readonly runner: RunnerProxies;
  readonly id: string;
  /** The workflow's time at which it could run tools, in milliseconds since 1970. */
  readonly since: number;
}

/** The sandbox of one turn, from the asking for its place to its settling. */
export interface TurnSandbox {
  /** Resolves when it can run tools. Call it only when the sandbox is needed. Until then the turn goes on without one. */
  ready(): Promise<ReadySandbox>;
  /** Where it was placed; null while it waits for a place. */
  placement(): Placement | null;
  /** Kills the agent's processes and closes the way out. A runner that is gone cannot: then the lease dies by itself. */
  settle(): Promise<void>;
  /** What the turn sent out. Call it after `settle`. Null when nobody knows. */
  counts(): Promise<EgressCounts | null>;
}

export interface TurnSandboxOptions {
  readonly signals: Pick<SessionSignals, 'placeSignals'>;
  /** Resolves when the turn's access is known. Without access nothing is started. */
  readonly access: Promise<unknown>;
  readonly onPlaced: (placement: Placement) => void;
}

/**
 * Asks for a place and provisions the sandbox as soon as it has one, both beside the model. The way out opens when the
 * sandbox is ready.
 */
export function openSandbox(
  input: TurnInput,
  begun: BegunTurn,
  { signals, access, onPlaced }: TurnSandboxOptions,
): TurnSandbox {
  let placement: Placement | null = null;
  let egress: FollowedEgress | null = null;
  let settled = false;
  let need = (): void => undefined;

  const bringUp = async (): Promise<ReadySandbox> => {
    const place = waitForPlace(input, signals);
    need = place.need;
    let lost: string | undefined;
    for (let tried = 1; ; tried += 1) {
      placement = await place.next(lost);
      // Access and place are asked for side by side, and a replay may resolve them in another order than the first run did.
      // Nothing is commanded before both are there, so that the order of commands is always the same.
      await access;
      onPlaced(placement);
      const { sandbox } = placement;
      const runner = runnerProxies(placement.runner, begun.limits.minutes);
      const provisioned = provision(runner, { ...input, sandbox });
      const { scope, principal, requester } = begun;
      egress = followEgress(runner, { ...input, sandbox, scope, principal, requester }, provisioned);
      try {
        return { runner, id: sandbox, since: await provisioned };
      } catch (error) {
        // The runner died after it was given the turn, and nothing was started. So the turn asks for another place.
        if (!wasNeverTaken(error) || tried === MOST_PLACES) throw error;
        lost = sandbox;
        placement = null;
        egress = null;
      }
    }
  };

  const upcoming = new CancellationScope();
  const ready = upcoming.run(bringUp);
  // Awaited by the first tool; until then a failure must not count as unhandled.
  ready.catch(() => undefined);

  return {
    ready() {
      need();
      return ready;
    },
    placement: () => placement,
    async settle() {
      // A turn that ends needs no sandbox any more, and must not open a way out after this.
      upcoming.cancel();
      if (placement === null) return;
      try {
        const { settling } = runnerProxies(placement.runner, begun.limits.minutes);
        await settling.settleSandbox({ ...input, sandbox: placement.sandbox });
        settled = true;
      } catch {
        egress?.abandon();
      }
    },
    counts: async () => (settled && egress ? egress.ended() : null),
  };
}

/**
 * Makes the sandbox run, and returns the workflow's time at which it did. The thread was told that the work starts when the
 * image is there. So a missing image is waited for much longer than anything else.
 */
async function provision(runner: RunnerProxies, input: ProvisionInput): Promise<number> {
  const began = Date.now();
  for (;;) {
    try {
      await runner.provisioning.provisionSandbox(input);
      return Date.now();
    } catch (error) {
      if (failureTypeOf(error) !== 'SandboxImageMissing' || Date.now() - began > IMAGE_WITHIN_MS) throw error;
    }
  }
}
