import { type EgressCounts, type EgressEvent, type LeaseRequest, NO_EGRESS } from '../../contracts/egress.ts';
import { ControlError, type LeaseEnding, type LeaseView } from '../control/protocol.ts';
import type { EpochFloors } from './epoch-floors.ts';

/** How long a lease lives after its last renewal. */
export const LEASE_TTL_MS = 15_000;
/** What `http://proxy.internal/status` tells. */
const DENIALS_KEPT = 20;

/** Milliseconds that never jump back, whatever happens to the clock on the wall. */
export interface MonotonicClock {
  now(): number;
}

/** One turn's right to use the proxy. A connection belongs to the lease that let it in. */
export interface Lease {
  readonly request: LeaseRequest;
  /** The last denials of this turn, newest last. */
  readonly denials: readonly EgressEvent[];
}

export interface LeaseTable {
  /**
   * Opens a lease or renews it; a higher attempt of the same turn takes it over with its counts.
   * `earlier` is what an earlier process of this proxy let through in the same turn.
   * @throws ControlError `epoch_too_low`, `turn_closed`, `epochs_unknown`, `lease_expired`, `bad_request`
   */
  open(request: LeaseRequest, earlier?: EgressCounts): LeaseView;
  /** Ends a turn's lease for good; resolves when its connections are gone. @throws ControlError `epoch_too_low`, `epochs_unknown` */
  close(sandbox: string, turn: number, attempt?: number): Promise<LeaseView>;
  /** The lease that lets a request of this sandbox through at this moment, if there is one. */
  current(sandbox: string): Lease | null;
  /** Adds an event to the counts of the lease it happened under, also when that has ended since. */
  count(lease: Lease, event: EgressEvent): void;
  view(sandbox: string): LeaseView;
  /** Calls back at each change; returns how to stop. */
  watch(sandbox: string, onChange: () => void): () => void;
  /** Ends what nobody renewed. To be called a few times a second. */
  expire(): void;
  /** Closes whatever the sandbox has open, and forgets it. */
  forget(sandbox: string): Promise<void>;
  openCount(): number;
}

export interface LeaseTableOptions {
  readonly clock: MonotonicClock;
  readonly floors: EpochFloors;
  /** Ends the connections that live on this lease; resolves when none is left. */
  readonly endConnections: (lease: Lease) => Promise<void>;
  readonly ttlMs?: number;
}

interface Entry {
  request: LeaseRequest;
  readonly denials: EgressEvent[];
  counts: EgressCounts;
  expiresAt: number;
  ending: LeaseEnding | null;
  /** Its connections are gone, and their events counted. */
  settled: boolean;
}

/**
 * The egress leases, in this process's memory and nowhere else: a restarted proxy lets nothing through until each
 * turn's activity opens its lease anew.
 */
export function createLeaseTable({
  clock,
  floors,
  endConnections,
  ttlMs = LEASE_TTL_MS,
}: LeaseTableOptions): LeaseTable {
  const entries = new Map<string, Entry>();
  const watchers = new Map<string, Set<() => void>>();

  const publish = (sandbox: string) => {
    for (const onChange of watchers.get(sandbox) ?? []) onChange();
  };

  /** Nothing passes from the first line on; watchers hear of it when the last connection's event is counted. */
  async function end(entry: Entry, ending: LeaseEnding): Promise<void> {
    entry.ending = ending;
    await endConnections(entry);
    // A later attempt of the same turn may have taken over meanwhile; its own end settles it then.
    if (entry.ending === ending) entry.settled = true;
    publish(entry.request.sandbox);
  }

  function expireIfDue(entry: Entry): void {
    if (!entry.ending && clock.now() >= entry.expiresAt) void end(entry, 'expired');
  }

  function view(sandbox: string): LeaseView {
    const entry = entries.get(sandbox);
    if (!entry) return { sandbox, state: 'none', epoch: null, session: null, counts: NO_EGRESS, ending: null };
    const { request, counts, ending, settled } = entry;
    return {
      sandbox,
      state: ending ? 'closed' : 'open',
      epoch: request.epoch,
      session: request.session,
      counts,
      ending: settled ? ending : null,
    };
  }

  return {
    open(request, earlier = NO_EGRESS) {
      const { sandbox, epoch } = request;
      const floor = floors.of(sandbox);
      if (floor && epoch.turn === floor.turn && floor.closed) throw closedFor(request);
      if (floor && (epoch.turn < floor.turn || (epoch.turn === floor.turn && epoch.attempt < floor.attempt))) {
        throw tooLow(sandbox, epoch.turn);
      }
      let entry = entries.get(sandbox);
      if (entry && entry.request.epoch.turn === epoch.turn) {
        expireIfDue(entry);
        const sameAttempt = entry.request.epoch.attempt === epoch.attempt;
        if (sameAttempt && entry.ending) {
          throw new ControlError('lease_expired', `attempt ${epoch.attempt} let its lease of turn ${epoch.turn} die`);
        }
        if (!sameHolder(entry.request, request)) {
          throw new ControlError('bad_request', `turn ${epoch.turn} of ${sandbox} already has another holder`);
        }
      }
      // On disk before anything here changes: what cannot be written opens nothing, and may be tried again.
      if (!floor || floor.turn !== epoch.turn || floor.attempt !== epoch.attempt) {
        floors.raise(sandbox, { ...epoch, closed: false });
      }
      if (entry && entry.request.epoch.turn === epoch.turn) {
        entry.request = request;
        entry.ending = null;
        entry.settled = false;
      } else {
        if (entry && !entry.ending) void end(entry, 'superseded');
        entry = { request, denials: [], counts: earlier, expiresAt: 0, ending: null, settled: false };
        entries.set(sandbox, entry);
      }
      entry.expiresAt = clock.now() + ttlMs;
      publish(sandbox);
      return view(sandbox);
    },

    async close(sandbox, turn, attempt) {
      const floor = floors.of(sandbox);
      if (floor && (turn < floor.turn || (turn === floor.turn && attempt !== undefined && attempt < floor.attempt))) {
        throw tooLow(sandbox, turn);
      }
      const highest = Math.max(attempt ?? 1, floor?.turn === turn ? floor.attempt : 1);
      const entry = entries.get(sandbox);
      try {
        floors.raise(sandbox, { turn, attempt: highest, closed: true });
      } finally {
        // Also where that could not be written.
        if (entry) await end(entry, entry.request.epoch.turn === turn ? 'closed' : 'superseded');
      }
      return view(sandbox);
    },

    current(sandbox) {
      const entry = entries.get(sandbox);
      if (!entry) return null;
      expireIfDue(entry);
      return entry.ending ? null : entry;
    },

    count(lease, event) {
      const entry = lease as Entry;
      entry.counts = {
        ...entry.counts,
        [event.outcome]: entry.counts[event.outcome] + 1,
        bytesOut: entry.counts.bytesOut + event.bytesOut,
      };
      if (event.outcome === 'blocked' && entry.denials.push(event) > DENIALS_KEPT) entry.denials.shift();
      publish(entry.request.sandbox);
    },

    view,

    watch(sandbox, onChange) {
      const set = watchers.get(sandbox) ?? new Set();
      watchers.set(sandbox, set.add(onChange));
      return () => {
        set.delete(onChange);
        if (set.size === 0 && watchers.get(sandbox) === set) watchers.delete(sandbox);
      };
    },

    expire() {
      for (const entry of entries.values()) expireIfDue(entry);
    },

    async forget(sandbox) {
      const entry = entries.get(sandbox);
      if (!entry) return;
      if (!entry.ending) await end(entry, 'closed');
      if (entries.get(sandbox) === entry) entries.delete(sandbox);
    },

    openCount: () => [...entries.values()].filter((entry) => !entry.ending).length,
  };
}

function sameHolder(a: LeaseRequest, b: LeaseRequest): boolean {
  return a.session === b.session && a.scope === b.scope && a.principal === b.principal && a.requester === b.requester;
}

function tooLow(sandbox: string, turn: number): ControlError {
  return new ControlError(
    'epoch_too_low',
    `${sandbox} has had a lease of a higher epoch than this one of turn ${turn}`,
  );
}

function closedFor({ sandbox, epoch }: LeaseRequest): ControlError {
  return new ControlError('turn_closed', `the lease of turn ${epoch.turn} of ${sandbox} was closed for good`);
}
