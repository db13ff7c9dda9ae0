import { parseAccessFile } from '../../../access/parse-file/parse-access-file.ts';
import { documentOf, resolveFile } from '../../../access/resolve-file.ts';
import { currentPolicy, currentPolicyRecord, storePolicy } from '../../../store/policy.ts';
import { moveWorld } from '../../../workers/up/services/move-world.ts';
import { createTestDatabase } from '../../support/database.ts';

const FILE = `organization: { bundles: [data] }
bundles:
  data: { connections: [kept, revoked] }
connections:
  kept:
    host: kept.test
    addresses: [127.0.0.1/32:7443, 127.0.0.2/32:7443]
    credential: { kind: bearer }
  revoked:
    host: revoked.test
    addresses: [127.0.0.1/32:7443]
    credential: { kind: bearer }
`;

test('when the outside world moves, only its port is new: a revoked credential stays revoked, a rotated one rotated', async () => {
  await using db = await createTestDatabase();
  const parsed = parseAccessFile(FILE, new Date());
  if (!('file' in parsed)) throw new Error(JSON.stringify(parsed));
  const resolved = resolveFile(parsed.file, []);
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved));
  const versions: Record<string, number> = { kept: 2, revoked: 0 };
  const connections = parsed.file.connections.map(({ source: _, caFile: __, line: ___, ...connection }) => {
    return { ...connection, ca: null, credentialVersion: versions[connection.id] ?? -1 };
  });
  const before = documentOf(parsed.file, resolved, { version: 3, connections, mirrors: {} });
  await storePolicy(db.database, { document: before, source: FILE, appliedBy: 'ada' });
  const stored = await currentPolicy(db.database);

  expect(await moveWorld(db.url, 65_000)).toBe(4);

  const expected = JSON.parse(
    JSON.stringify(stored).replaceAll('"port":7443,"range":"127.0.0.1/32"', '"port":65000,"range":"127.0.0.1/32"'),
  );
  expect(expected).not.toEqual(stored);
  expect(await currentPolicy(db.database)).toEqual({ ...expected, version: 4 });
  expect(await currentPolicyRecord(db.database)).toMatchObject({
    ...{ version: 4, appliedBy: 'ada' },
    source: FILE.replaceAll('127.0.0.1/32:7443', '127.0.0.1/32:65000'),
  });
});
