import type { EgressEvent } from '../../contracts/egress.ts';
import type { Lease, LeaseTable } from '../lease/lease-table.ts';
import { Refusal } from '../refusal.ts';
import type { EventDelivery } from './event-delivery.ts';
import { type Spool, SpoolFull } from './spool.ts';

export interface Recorder {
  /** Before anything of a request leaves. @throws Refusal `events_not_recorded` */
  begin(event: EgressEvent): void;
  /** When it is over. @throws Refusal `events_not_recorded`, when it had not begun and nothing more can be recorded */
  finish(event: EgressEvent, lease: Lease | null): void;
}

export interface RecorderOptions {
  readonly spool: Spool;
  readonly delivery: Pick<EventDelivery, 'nudge'>;
  readonly leases: Pick<LeaseTable, 'count'>;
  readonly onError: (error: unknown, what: string) => void;
}

/** Records every request before and after; what cannot be recorded is not let through. */
export function createRecorder({ spool, delivery, leases, onError }: RecorderOptions): Recorder {
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
    finish(event, lease) {
      written(() => spool.finish(event));
      if (lease) leases.count(lease, event);
      delivery.nudge();
    },
  };
}
