import { effectiveAccess } from '../../../access/effective-access.ts';
import { principalOf } from '../../../contracts/scope.ts';
import { snapshotOf, takeSnapshot } from '../../../store/access-snapshots.ts';
import { ensureSession } from '../../../store/sessions.ts';
import { bundle, connection, documentOf, domain, rule } from '../../support/access-document.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const CHANNEL = 'channel:T1:C1';
const SESSION = 'slack:T1:C1:1.1';
const FORGE = {
  kind: 'gitea',
  gitHost: 'git.a.test',
  gitPort: 443,
  apiHost: 'git.a.test',
  apiPort: 443,
  apiPath: '/api/v1',
} as const;

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  const principal = principalOf(CHANNEL);
  await ensureSession(db.database, { id: SESSION, scope: CHANNEL, principal, permalink: null });
});
afterAll(() => db?.[Symbol.asyncDispose]());

test('a connection with many rules and repositories is stored once, and comes back with each of them', async () => {
  const rules = Array.from({ length: 200 }, (_, n) => rule('inject', 'git.a.test', { paths: [`/v${n}`] }));
  const git = connection('git', 'git.a.test', { ca: 'the authority', forge: 'gitea', rules });
  const one = { access: 'read', branches: [], connection: 'git', forge: FORGE } as const;
  const repositories = [
    { repository: 'acme/shop', ...one },
    { repository: 'acme/docs', ...one },
  ];
  const base = documentOf({ [CHANNEL]: { connections: [git], domains: [domain('docs.a.test')] } });
  const document = {
    ...base,
    bundles: [...base.bundles, bundle('code', { connections: ['git'], repositories })],
    scopes: base.scopes.map((each) => ({ ...each, bundles: [...each.bundles, 'code'] })),
  };
  const access = effectiveAccess(document, CHANNEL);
  expect([access.rules.length, access.repositories.length]).toEqual([201, 2]);
  await takeSnapshot(db.database, SESSION, 1, access);
  expect(await snapshotOf(db.database, SESSION, 1)).toEqual(access);
  const { rows } = await db.database.query<{ stored: string }>('select access::text as stored from access_snapshot');
  expect(rows[0]?.stored.split('the authority')).toHaveLength(2);
});

test('a turn has the snapshot that was taken first, and none before', async () => {
  const access = effectiveAccess(documentOf({ [CHANNEL]: { domains: [domain('a.test')] } }), CHANNEL);
  expect(await snapshotOf(db.database, SESSION, 2)).toBeNull();
  const id = await takeSnapshot(db.database, SESSION, 2, access);
  expect(await takeSnapshot(db.database, SESSION, 2, { ...access, enabled: false })).toBe(id);
  expect(await snapshotOf(db.database, SESSION, 2)).toEqual(access);
});
