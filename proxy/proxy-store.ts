import { sealedCredentials } from '../store/credentials.ts';
import type { Queryable } from '../store/database.ts';
import { egressCounts, storeEgressEvents } from '../store/egress-events.ts';
import { currentPolicy } from '../store/policy.ts';
import type { ProxyStore } from './create-proxy.ts';

/** What the proxy reads and writes in PostgreSQL; its role is granted no more. */
export function createProxyStore(database: Queryable): ProxyStore {
  return {
    policy: () => currentPolicy(database),
    credentials: ({ connections }) =>
      sealedCredentials(database, new Map(connections.map(({ id, credentialVersion }) => [id, credentialVersion]))),
    storeEvents: (events) => storeEgressEvents(database, events),
    // Classes 22 and 23 of SQLSTATE: the data does not fit, and never will.
    isUnfit: (error) => /^2[23]/.test(String((error as { code?: unknown }).code ?? '')),
    counts: (session, turn) => egressCounts(database, session, turn),
  };
}
