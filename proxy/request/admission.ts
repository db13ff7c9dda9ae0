import type { Lease, LeaseTable } from '../lease/lease-table.ts';
import type { Client } from '../listener/client.ts';
import type { Clients } from '../listener/clients.ts';
import { Refusal } from '../refusal.ts';

export interface Admission {
  /** @throws Refusal `draining`, `no_lease`, `lease_ended`, `too_many_connections` */
  admit(client: Client): Lease;
  /** Under which lease an event of this connection is recorded, also when it is refused. */
  leaseOf(client: Client): Lease | null;
}

export interface AdmissionOptions {
  readonly leases: Pick<LeaseTable, 'current'>;
  readonly clients: Pick<Clients, 'isOver'>;
  readonly isDraining: () => boolean;
}

/** Lets a request in by the lease its sandbox has at this moment; a connection never passes from one lease to another. */
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
