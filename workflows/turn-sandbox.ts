import { CancellationScope } from '@temporalio/workflow';
import type { BegunTurn, Placement, ProvisionInput, TurnInput } from '../contracts/activities.ts';
import type { EgressCounts } from '../contracts/egress.ts';
import { type RunnerProxies, runnerProxies } from './activity-proxies.ts';
import { failureTypeOf } from './failure-type-of.ts';
import { followEgress } from './follow-egress.ts';

/** A new installation builds its image in minutes, a broken build is mended within a working day. */
const IMAGE_WITHIN_MS = 24 * 60 * 60 * 1000;

/** The sandbox of one turn, on its way from the moment it was placed. */
export interface TurnSandbox {
  readonly runner: RunnerProxies;
  readonly id: string;
  /** Resolves when it can run tools, with the workflow's time of that moment. */
  readonly ready: Promise<number>;
  /** Kills the agent's processes and closes the way out. A runner that is gone cannot: then the lease dies by itself. */
  settle(): Promise<void>;
  /** What the turn sent out, once it is settled; null when nobody knows. */
  counts(): Promise<EgressCounts | null>;
}

/** Begins to provision the placed sandbox; its way out opens as soon as it is ready. */
export function openSandbox(input: TurnInput, begun: BegunTurn, placement: Placement): TurnSandbox {
  const runner = runnerProxies(placement.runner, begun.limits.minutes);
  const { sandbox } = placement;
  const provisioning = new CancellationScope();
  const ready = provisioning.run(() => provision(runner, { ...input, sandbox }));
  // Awaited by the first tool; until then a failure must not count as unhandled.
  ready.catch(() => undefined);
  const { scope, principal, requester } = begun;
  const egress = followEgress(runner, { ...input, sandbox, scope, principal, requester }, ready);
  let settled = false;
  return {
    runner,
    id: sandbox,
    ready,
    async settle() {
      // A turn that ends needs no sandbox any more, and must not open a way out after this.
      provisioning.cancel();
      try {
        await runner.settles.settleSandbox({ ...input, sandbox });
        settled = true;
      } catch {
        egress.abandon();
      }
    },
    counts: async () => (settled ? egress.ended() : null),
  };
}

/** The work was promised to start when the image is there, so that is waited for much longer than for anything else. */
async function provision(runner: RunnerProxies, input: ProvisionInput): Promise<number> {
  const began = Date.now();
  for (;;) {
    try {
      await runner.provisions.provisionSandbox(input);
      return Date.now();
    } catch (error) {
      if (failureTypeOf(error) !== 'SandboxImageMissing' || Date.now() - began > IMAGE_WITHIN_MS) throw error;
    }
  }
}
