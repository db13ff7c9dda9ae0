import { CancellationScope, condition } from '@temporalio/workflow';
import type { StreamEgressInput } from '../contracts/activities.ts';
import type { EgressCounts } from '../contracts/egress.ts';
import type { RunnerProxies } from './activity-proxies.ts';

/** How long the counts of a closed lease are waited for. */
const COUNTS_WITHIN = '20s';

export interface FollowedEgress {
  /** Waits for the counts after the lease was closed; null when they do not come. */
  ended(): Promise<EgressCounts | null>;
  abandon(): void;
}

/**
 * Keeps the sandbox's way out open for the turn. It is shielded from the turn's scope: a stop cancels the work at once,
 * while the lease is closed in order by `settleSandbox`, which ends this activity with its counts. It opens only for a
 * sandbox that is `ready`, which has been checked to see no socket but its own.
 */
export function followEgress(runner: RunnerProxies, input: StreamEgressInput, ready: Promise<unknown>): FollowedEgress {
  let abandon = (): void => undefined;
  let over = false;
  let counts: EgressCounts | null = null;
  const end = (): void => {
    over = true;
  };
  CancellationScope.nonCancellable(() => {
    const scope = new CancellationScope();
    abandon = () => scope.cancel();
    const summary = `turn ${input.turn} · egress`;
    return scope.run(async () => {
      await ready;
      counts = await runner.egress.streamEgress.executeWithOptions({ summary }, [input]);
    });
  }).then(end, end);
  return {
    async ended() {
      if (!(await condition(() => over, COUNTS_WITHIN))) abandon();
      return counts;
    },
    abandon: () => abandon(),
  };
}
