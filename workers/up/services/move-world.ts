import type { AccessDocument, AddressException } from '../../../access/document.ts';
import { inTransaction, openDatabase } from '../../../store/database.ts';
import { changePolicy } from '../../../store/policy.ts';
import { WORLD_RANGE, withPort } from './access-copy.ts';

/**
 * Stores the policy in force with another port of the demo's outside world, and nothing else new. It is not applied again: `apply`
 * reads every secret anew, and would bring back a credential that was revoked and replace one that was rotated.
 *
 * @param databaseUrl as the role `admin`
 * @returns the new version
 */
export async function moveWorld(databaseUrl: string, port: number): Promise<number> {
  const database = openDatabase({ url: databaseUrl, name: 'up', connections: 1 });
  const stored = inTransaction(database, (tx) =>
    changePolicy(tx, async ({ current, record, version }) => {
      const document = { ...moved(current, port), version };
      const source = withPort(port, record?.source ?? '');
      return { next: { document, source, appliedBy: record?.appliedBy ?? 'up' }, result: version };
    }),
  );
  return stored.finally(() => database.end());
}

/** The document with another port wherever it names the world's address, as the file does: `addresses` of rules, and of anything else. */
function moved(document: AccessDocument, port: number): AccessDocument {
  const isOfWorld = (value: unknown): value is AddressException =>
    typeof value === 'object' && value !== null && 'range' in value && value.range === WORLD_RANGE;
  return JSON.parse(JSON.stringify(document), (_, value) => (isOfWorld(value) ? { ...value, port } : value));
}
