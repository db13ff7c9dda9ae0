import type { EffectiveAccess } from '../../access/decision.ts';
import {
  type EgressCounts,
  type EgressEvent,
  type LeaseEpoch,
  type LeaseRequest,
  NO_EGRESS,
} from '../../contracts/egress.ts';
import { type ChangeLog, noteChange } from '../../contracts/state-changes.ts';
import { ControlError, type LeaseEnding, type LeaseView } from '../control/protocol.ts';
import type { EpochFloors } from './epoch-floors.ts';

/** How long a lease lives after its last renewal. */
export const LEASE_TTL_MS = 15_000;
/** How many denials `http://proxy.internal/status` shows. */
const DENIALS_KEPT = 20;

/** Milliseconds that never jump back, even when the system clock is set. */
export interface MonotonicClock {
  now(): number;
}

/** The right of one turn, or of one test by the operator, to use the proxy. A connection belongs to the lease that let it in. */
export interface Lease {
  /** The session is null for a test by the operator. */
  readonly request: Omit<LeaseRequest, 'session'> & { readonly session: LeaseRequest['session'] | null };
  /** What may be reached, where that is not the access of the scope. */
  readonly access?: () => EffectiveAccess;
  /** The last denials of this turn, newest last. */
  readonly denials: readonly EgressEvent[];
}

export interface LeaseTable {
  /**
   * Opens a lease or renews it. A higher attempt of the same turn takes the lease over, with its counts.
   * `earlier` holds the counts of the same turn from before this process started.
   * @throws ControlError `epoch_too_low`, `turn_closed`, `epochs_unknown`, `lease_expired`, `bad_request`
   */
  open(request: LeaseRequest, earlier?: EgressCounts): LeaseView;
  /**
   * Closes a turn's lease for good. Resolves when its connections are gone.
   * @throws ControlError `epoch_too_low`, `epochs_unknown`
   */
  close(sandbox: string, turn: number, attempt?: number): Promise<LeaseView>;
  /** The open lease of this sandbox, or null. */
  current(sandbox: string): Lease | null;
  /** Adds an event to the counts of its lease, also when the lease has ended meanwhile. */
  count(lease: Lease, event: EgressEvent): void;
  view(sandbox: string): LeaseView;
  /** Calls back at each change. The returned function stops it. */
  watch(sandbox: string, onChange: () => void): () => void;
  /** Ends leases that were not renewed in time. Call it a few times a second. */
  expire(): void;
  /** Ends the lease of this sandbox and forgets it. Its epoch floor stays. */
  forget(sandbox: string): Promise<void>;
  openCount(): number;
}

export interface LeaseTableOptions {
  readonly clock: MonotonicClock;
  readonly floors: EpochFloors;
  /** Ends the connections of this lease. Resolves when none is left, or after a bounded wait. */
  readonly endConnections: (lease: Lease) => Promise<void>;
  readonly ttlMs?: number;
  /** Gets a line for each lease that opens or ends. */
  readonly log?: ChangeLog | undefined;
}

interface Entry {
  request: LeaseRequest;
  readonly denials: EgressEvent[];
  counts: EgressCounts;
  expiresAt: number;
  ending: LeaseEnding | null;
  /** True when its connections are gone and their events are counted. */
  settled: boolean;
}

/**
 * Holds the egress leases, in memory only. A restarted proxy lets nothing through until each turn's activity opens its
 * lease again.
 *
 * @example A late attempt cannot use the network in a newer turn:
 *   table.open({ sandbox: 's1', epoch: { turn: 7, attempt: 1 }, ... });
 *   table.open({ sandbox: 's1', epoch: { turn: 8, attempt: 1 }, ... }); // Ends turn 7's lease as `superseded`.
 *   table.open({ sandbox: 's1', epoch: { turn: 7, attempt: 2 }, ... }); // Throws `epoch_too_low`.
 */
export function createLeaseTable({
  clock,
  floors,
  endConnections,
  ttlMs = LEASE_TTL_MS,
  log,
}: LeaseTableOptions): LeaseTable {
  const entries = new Map<string, Entry>();
  const watchers = new Map<string, Set<() => void>>();

  const publish = (sandbox: string) => {
    for (const onChange of watchers.get(sandbox) ?? []) onChange();
  };

  const note = ({ sandbox, session, epoch }: LeaseRequest, to: 'open' | LeaseEnding) =>
    noteChange(log, { of: 'lease', to, sandbox, session, epoch });

  /**
   * Sets `ending` at once, so that nothing more passes. Watchers are told when the last connection's event is counted.
   */
  async function end(entry: Entry, ending: LeaseEnding): Promise<void> {
    if (!entry.ending) note(entry.request, ending);
    entry.ending = ending;
    await endConnections(entry);
    // A later attempt of the same turn may have taken the lease over meanwhile. Then the end of that attempt settles
    // it.
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
      const isNew = !entry || entry.ending !== null || !sameEpoch(entry.request.epoch, epoch);
      // The floor is written first. If the write fails, nothing has changed in memory, and the caller may try again.
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
      if (isNew) note(request, 'open');
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
        // The lease ends even when the floor could not be written.
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

function sameEpoch(a: LeaseEpoch, b: LeaseEpoch): boolean {
  return a.turn === b.turn && a.attempt === b.attempt;
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
