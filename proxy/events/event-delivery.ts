import type { EgressEvent } from '../../contracts/egress.ts';
import type { Spool } from './spool.ts';

export interface EventDelivery {
  /** Asks for a delivery soon. Calls close together cause one delivery. */
  nudge(): void;
  /** True when the last delivery failed. */
  readonly failing: boolean;
  /** Delivers once more, then stops. */
  stop(): Promise<void>;
}

export interface EventDeliveryOptions {
  readonly spool: Spool;
  /** Stores events. Storing an event again changes nothing. */
  readonly store: (events: readonly EgressEvent[]) => Promise<unknown>;
  /** Whether the error lies in the data itself, so that trying again is useless. */
  readonly isUnfit: (error: unknown) => boolean;
  readonly onError: (error: unknown, what: string) => void;
}

const GATHER_MS = 25;
const RETRY_MS = 1_000;
const BATCH = 500;

/**
 * Carries events from the spool to PostgreSQL, in order, and tries again until they are stored. A segment is removed
 * from the spool only after it is stored, so a crash between the two stores it again, which changes nothing.
 */
export function startEventDelivery({ spool, store, isUnfit, onError }: EventDeliveryOptions): EventDelivery {
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> | null = null;
  let failing = false;
  let stopped = false;

  /** Stores each event alone, so that one that PostgreSQL will never accept does not hold up the others. */
  async function storeOneByOne(events: readonly EgressEvent[]): Promise<void> {
    for (const event of events) {
      await store([event]).catch((error: unknown) => {
        if (!isUnfit(error)) throw error;
        onError(error, `egress event ${event.id} cannot be stored`);
      });
    }
  }

  async function storeAll(events: readonly EgressEvent[]): Promise<void> {
    for (let from = 0; from < events.length; from += BATCH) {
      const batch = events.slice(from, from + BATCH);
      await store(batch).catch((error: unknown) => {
        if (!isUnfit(error)) throw error;
        return storeOneByOne(batch);
      });
    }
  }

  async function round(): Promise<void> {
    for (const segment of spool.waiting()) {
      await storeAll(spool.read(segment));
      spool.remove(segment);
    }
    const shared = spool.shared();
    await storeAll(shared);
    spool.sharedStored(shared);
  }

  function schedule(ms: number): void {
    if (stopped || timer || running) return;
    timer = setTimeout(() => {
      timer = null;
      running = round()
        .then(
          () => {
            failing = false;
          },
          (error: unknown) => {
            if (!failing) onError(error, 'egress events stay in the spool');
            failing = true;
          },
        )
        .finally(() => {
          running = null;
          if (failing) schedule(RETRY_MS);
          else if (again) nudge();
        });
    }, ms);
  }

  let again = false;
  function nudge(): void {
    again = running !== null;
    schedule(GATHER_MS);
  }

  nudge();
  return {
    nudge,
    get failing() {
      return failing;
    },
    async stop() {
      stopped = true;
      if (timer) clearTimeout(timer);
      await running;
      await round().catch((error: unknown) => onError(error, 'egress events stay in the spool'));
    },
  };
}
