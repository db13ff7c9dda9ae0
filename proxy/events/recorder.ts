import type { EgressEvent } from '../../contracts/egress.ts';
import type { Lease, LeaseTable } from '../lease/lease-table.ts';
import { Refusal } from '../refusal.ts';
import type { EventDelivery } from './event-delivery.ts';
import { type Spool, SpoolFull } from './spool.ts';

export interface Recorder {
  /** Call it before any byte of a request leaves. @throws Refusal `events_not_recorded` */
  begin(event: EgressEvent): void;
  /**
   * Call it when a request is over.
   * @param told the reason as the sandbox may read it on the status page. By default that of the event.
   * @throws Refusal `events_not_recorded` when `begin` was not called before and the spool is full
   */
  finish(event: EgressEvent, lease: Lease | null, told?: string): void;
}

export interface RecorderOptions {
  readonly spool: Spool;
  readonly delivery: Pick<EventDelivery, 'nudge'>;
  readonly leases: Pick<LeaseTable, 'count'>;
  readonly onError: (error: unknown, what: string) => void;
  readonly onEvent?: ((event: EgressEvent) => void) | undefined;
}

/** Records every request, before it leaves and when it is over. A request that cannot be recorded is refused. */
export function createRecorder({ spool, delivery, leases, onError, onEvent }: RecorderOptions): Recorder {
  function written(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof SpoolFull)) throw error;
      onError(error, 'egress is refused');
      throw new Refusal('events_not_recorded', 'Requests cannot be recorded at the moment.');
    }
  }
  return {
    begin: (event) => written(() => spool.begin(event)),
    finish(event, lease, told = event.reason) {
      written(() => spool.finish(event));
      if (lease) leases.count(lease, { ...event, reason: told });
      onEvent?.(event);
      delivery.nudge();
    },
  };
}
