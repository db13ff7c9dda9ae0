import type { EgressEvent } from '../contracts/egress.ts';
import { createEventBudget } from './events/event-budget.ts';
import { startEventDelivery } from './events/event-delivery.ts';
import { createRecorder, type Recorder } from './events/recorder.ts';
import { openSpool } from './events/spool.ts';
import type { LeaseTable, MonotonicClock } from './lease/lease-table.ts';
import { createRateLimit, type RateLimitOptions } from './listener/rate-limit.ts';
import type { ProxyStore } from './proxy-store.ts';
import { createRefuser, type Refuser } from './request/refuse.ts';

export interface RecordingSettings {
  readonly spoolDir: string;
  readonly spoolMaxBytes: number;
  /** How many requests of a turn get a row of their own. Further requests share rows. @default EVENTS_PER_TURN */
  readonly eventsPerTurn?: number;
  /** How many refusals of one sandbox are told without a delay. @default DENIALS */
  readonly denials?: Omit<RateLimitOptions, 'clock'>;
  /** Called for every request when it is over. */
  readonly onEvent?: (event: EgressEvent) => void;
}

export interface RecordingOptions extends RecordingSettings {
  readonly store: Pick<ProxyStore, 'storeEvents' | 'isUnfit'>;
  readonly leases: Pick<LeaseTable, 'count'>;
  readonly clock: MonotonicClock;
  readonly onError: (error: unknown, what: string) => void;
}

export interface Recording {
  /** Writes an event down before its request leaves. */
  readonly recorder: Recorder;
  /** Answers a refusal, and writes it down. */
  readonly refuser: Refuser;
  /** Bytes of events on disk that PostgreSQL does not have yet. */
  spoolBytes(): number;
  /** Whether PostgreSQL takes no events just now. */
  isFailing(): boolean;
  close(): Promise<void>;
}

export const EVENTS_PER_TURN = 1_000;
/** Refused requests of one sandbox that are answered at once. */
const DENIALS = { perSecond: 50, burst: 500 };

/** What happened, written down: on disk first, in PostgreSQL as soon as it takes it, and in the counts of the lease. */
export function openRecording(options: RecordingOptions): Recording {
  const { store, leases, clock, onError, eventsPerTurn = EVENTS_PER_TURN, denials = DENIALS } = options;
  const spool = openSpool({
    folder: options.spoolDir,
    maxBytes: options.spoolMaxBytes,
    budget: createEventBudget({ ownRows: eventsPerTurn }),
  });
  const delivery = startEventDelivery({ spool, store: store.storeEvents, isUnfit: store.isUnfit, onError });
  // Nobody follows the counts of a test by the operator.
  const counted: Pick<LeaseTable, 'count'> = {
    count: (lease, event) => void (lease.request.session === null || leases.count(lease, event)),
  };
  const recorder = createRecorder({ spool, delivery, leases: counted, onError, onEvent: options.onEvent });
  return {
    recorder,
    refuser: createRefuser({ recorder, clock, denials: createRateLimit({ clock, ...denials }), onError }),
    spoolBytes: () => spool.bytes(),
    isFailing: () => delivery.failing,
    async close() {
      await delivery.stop();
      spool.close();
    },
  };
}
