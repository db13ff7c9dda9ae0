import { Context } from '@temporalio/activity';
import type { EgressActivities, StreamEgressInput } from '../contracts/activities.ts';
import { type EgressCounts, type LeaseRequest, NO_EGRESS } from '../contracts/egress.ts';
import { relayUidOf } from '../docker/sandbox-names.ts';
import { ControlError, type ProxyControl } from '../proxy/control-client.ts';
import type { Database } from '../store/database.ts';
import { isSettled } from '../store/sandboxes.ts';
import { getSession } from '../store/sessions.ts';
import { getTurn, recordEgress } from '../store/turns.ts';
import { whileBeating } from './beating.ts';
import { failure } from './failure.ts';

export interface StreamEgressDependencies {
  readonly proxy: ProxyControl;
  readonly database: Database;
}

/** A lease dies 15 s after its last renewal; two may be lost on the way. */
const RENEW_EVERY_MS = 4_000;
/** Counts are for the eye; each beat costs the server. */
const BEAT_EVERY_MS = 5_000;

/**
 * Holds the sandbox's egress lease open for one turn and follows what the proxy counts, until the turn is settled.
 * The counts are its heartbeat and its result. Nothing leaves the sandbox while no worker runs this.
 */
export function createStreamEgress({ proxy, database }: StreamEgressDependencies): EgressActivities['streamEgress'] {
  return async (input) => {
    const { info } = Context.current();
    const request = leaseOf(input, info.attempt);
    const counted: EgressCounts = info.heartbeatDetails ?? NO_EGRESS;
    const { agentUid } = await getSession(database, input.session);
    const isOver = () => isSettled(database, input.sandbox, input.turn);
    const counts = await whileBeating(
      counted,
      async (report, signal) => {
        // A late attempt of a turn that has ended opens nothing; the proxy may have forgotten its epoch.
        const { state } = await getTurn(database, input.session, input.turn);
        if (state !== 'running' || (await isOver())) return close(proxy, request, counted);
        // Already listening unless the proxy was restarted since the sandbox was provisioned.
        await proxy.ensureListener(request.sandbox, relayUidOf(agentUid));
        return hold({ proxy, request, counted, isOver, report, signal });
      },
      BEAT_EVERY_MS,
    ).catch((error: unknown) => {
      throw asFailure(error);
    });
    await recordEgress(database, input.session, input.turn, counts);
    return counts;
  };
}

interface Holding {
  readonly proxy: ProxyControl;
  readonly request: LeaseRequest;
  /** By earlier attempts. */
  readonly counted: EgressCounts;
  /** Whether the turn was settled. */
  readonly isOver: () => Promise<boolean>;
  readonly report: (counts: EgressCounts) => void;
  readonly signal: AbortSignal;
}

async function hold({ proxy, request, counted, isOver, report, signal }: Holding): Promise<EgressCounts> {
  try {
    await proxy.openLease(request);
  } catch (error) {
    // The turn was settled before this attempt came: there is nothing left to hold.
    if (error instanceof ControlError && error.code === 'turn_closed') return close(proxy, request, counted);
    throw error;
  }
  let last = counted;
  const over = new AbortController();
  const renewing = setInterval(() => {
    // A renewal that fails is followed by the lease's own end, which `followLease` reports.
    void proxy.renewLease(request).catch(() => undefined);
    // The turn is settled and the lease is still open: the proxy did not hear the call that closes it.
    void isOver().then(
      (yes) => yes && over.abort(),
      () => undefined,
    );
  }, RENEW_EVERY_MS);
  try {
    return await proxy.followLease(request.sandbox, request.epoch, {
      signal: AbortSignal.any([signal, over.signal]),
      onCounts(counts) {
        last = counts;
        report(counts);
      },
    });
  } catch (error) {
    if (!over.signal.aborted) throw error;
    return close(proxy, request, last);
  } finally {
    clearInterval(renewing);
  }
}

/** Closes what may still be open, and returns the last counts that are known. */
async function close(proxy: ProxyControl, { sandbox, epoch }: LeaseRequest, known: EgressCounts) {
  const view = await proxy.closeLease(sandbox, epoch.turn).catch(() => null);
  return view?.epoch?.turn === epoch.turn ? view.counts : known;
}

function leaseOf(input: StreamEgressInput, attempt: number): LeaseRequest {
  const { sandbox, session, scope, principal, requester, turn } = input;
  return { sandbox, session, scope, principal, requester, epoch: { turn, attempt } };
}

/** Everything the proxy says is worth another attempt, which opens the lease anew under a higher epoch. */
function asFailure(error: unknown): unknown {
  if (error instanceof ControlError) return failure('EgressLeaseLost', error.message, { cause: error });
  return error;
}
