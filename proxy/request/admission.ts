import type { Lease, LeaseTable } from '../lease/lease-table.ts';
import type { Client } from '../listener/client.ts';
import type { Clients } from '../listener/clients.ts';
import { Refusal } from '../refusal.ts';

export interface Admission {
  /** @throws Refusal `draining`, `no_lease`, `lease_ended`, `too_many_connections` */
  admit(client: Client): Lease;
  /** The lease under which an event of this connection is recorded, also when its request is refused. */
  leaseOf(client: Client): Lease | null;
}

export interface AdmissionOptions {
  readonly leases: Pick<LeaseTable, 'current'>;
  readonly clients: Pick<Clients, 'isOver'>;
  readonly isDraining: () => boolean;
}

/**
 * Admits a request under the current lease of its sandbox. A connection stays with its first lease: once that has
 * ended, its requests are refused, so a connection opened in one turn never works in the next.
 */
export function createAdmission({ leases, clients, isDraining }: AdmissionOptions): Admission {
  return {
    admit(client) {
      if (isDraining()) throw new Refusal('draining', 'The proxy is being restarted.');
      const lease = leases.current(client.sandbox);
      if (!lease) throw new Refusal('no_lease', 'No turn is running, so nothing is let out.');
      if (client.lease && client.lease !== lease)
        throw new Refusal('lease_ended', 'The turn of this connection ended.');
      client.lease = lease;
      if (clients.isOver(client))
        throw new Refusal('too_many_connections', 'This sandbox has too many open connections.');
      return lease;
    },
    leaseOf: (client) => client.lease ?? leases.current(client.sandbox),
  };
}
