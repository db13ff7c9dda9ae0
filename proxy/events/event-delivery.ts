import type { EgressEvent } from '../../contracts/egress.ts';
import type { Spool } from './spool.ts';

export interface EventDelivery {
  /** Asks for a round soon; many calls together are one. */
  nudge(): void;
  /** True while the last round could not store. */
  readonly failing: boolean;
  /** One last round, then nothing more. */
  stop(): Promise<void>;
}

export interface EventDeliveryOptions {
  readonly spool: Spool;
  /** Stores events, each once however often it is given. */
  readonly store: (events: readonly EgressEvent[]) => Promise<unknown>;
  /** An error of the data itself, which would come again for ever. */
  readonly isUnfit: (error: unknown) => boolean;
  readonly onError: (error: unknown, what: string) => void;
}

const GATHER_MS = 25;
const RETRY_MS = 1_000;
const BATCH = 500;

/** Carries events from the spool to PostgreSQL, in order, until they are there. */
export function startEventDelivery({ spool, store, isUnfit, onError }: EventDeliveryOptions): EventDelivery {
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> | null = null;
  let failing = false;
  let stopped = false;

  /** One event that PostgreSQL will never take must not keep the others. */
  async function storeOneByOne(events: readonly EgressEvent[]): Promise<void> {
    for (const event of events) {
      await store([event]).catch((error: unknown) => {
        if (!isUnfit(error)) throw error;
        onError(error, `egress event ${event.id} cannot be stored`);
      });
    }
  }

  async function round(): Promise<void> {
    for (const segment of spool.waiting()) {
      const events = spool.read(segment);
      for (let from = 0; from < events.length; from += BATCH) {
        const batch = events.slice(from, from + BATCH);
        await store(batch).catch((error: unknown) => {
          if (!isUnfit(error)) throw error;
          return storeOneByOne(batch);
        });
      }
      spool.remove(segment);
    }
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
