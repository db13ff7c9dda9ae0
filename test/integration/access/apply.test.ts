import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type ApplyResult, applyFile } from '../../../cli/apply/apply-file.ts';
import { bindingOf } from '../../../credentials/binding.ts';
import { createKeyPair, type KeyPair } from '../../../credentials/key-pair.ts';
import { open } from '../../../credentials/open.ts';
import { saveChannel } from '../../../store/channels.ts';
import { listCredentials, registerInstallationKey, sealedCredentials } from '../../../store/credentials.ts';
import { inTransaction, openDatabase, openListener, type Queryable } from '../../../store/database.ts';
import { currentPolicy, lockPolicy } from '../../../store/policy.ts';
import { dropRoles, ensureRoles, urlForRole } from '../../../store/roles.ts';
import { listSchedules, pauseSchedule } from '../../../store/schedules.ts';
import { NOW } from '../../support/access-yaml.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const CANARY = 'canary-91c0a7de';
const CHANNEL = { team: 'T1', kind: 'public', external: false } as const;

const FILE = `organization: { bundles: [web] }
channels:
  "#ops": { bundles: [data] }
bundles:
  web: { domains: [docs.a.test] }
  data: { connections: [api] }
connections:
  api:
    host: api.a.test
    methods: [GET]
    credential: { kind: bearer, fromEnv: API_TOKEN }
schedules:
  greet: { channel: "#ops", cron: 0 9 * * *, timezone: Europe/Berlin, prompt: Say hello }
`;

let db: TestDatabase;
let keys: KeyPair;

beforeEach(async () => {
  db = await createTestDatabase();
  keys = await createKeyPair();
  await db.database.query("insert into installation (id) values ('i1')");
  await registerInstallationKey(db.database, 'i1', {
    keyId: keys.publicKey.id,
    publicKey: Buffer.from(keys.publicKey.bytes).toString('base64'),
  });
  await saveChannel(db.database, { ...CHANNEL, id: 'C1', name: 'ops' });
  await saveChannel(db.database, { ...CHANNEL, id: 'C2', name: 'general' });
});
afterEach(() => db[Symbol.asyncDispose]());

interface Applying {
  readonly token?: string | undefined;
  readonly dryRun?: boolean;
  readonly file?: string;
}

function apply(
  text: string,
  { token = CANARY, dryRun = false, file = 'bellhop.yaml' }: Applying = {},
): Promise<ApplyResult> {
  const environment = token === '' ? {} : { API_TOKEN: token };
  return applyFile({ database: db.database, file, text, environment, appliedBy: 'test', now: NOW, dryRun });
}

/** The secret of a connection as the proxy would open it by the policy in force. */
async function secretOf(id: string, reader: Queryable = db.database): Promise<string> {
  const { connections } = await currentPolicy(reader);
  const connection = connections.find((each) => each.id === id);
  if (!connection) throw new Error(`no connection ${id}`);
  const stored = await sealedCredentials(reader, new Map([[id, connection.credentialVersion]]));
  return open(keys, bindingOf(connection), stored.get(id) ?? new Uint8Array());
}

test('a file becomes policy, sealed credential and schedules, and what changed is told', async () => {
  const result = await apply(FILE);
  expect(result).toMatchObject({ version: 1, changed: true, dryRun: false });
  expect(result.changes.map(({ change, kind, name }) => `${change} ${kind} ${name}`)).toEqual([
    'added scope organization',
    'added scope #ops',
    'added bundle web',
    'added bundle data',
    'added connection api',
    'added schedule greet',
  ]);
  const policy = await currentPolicy(db.database);
  expect(policy.scopes.map(({ scope, label }) => `${scope} ${label}`)).toEqual([
    'organization organization',
    'channel:T1:C1 #ops',
  ]);
  await expect(secretOf('api')).resolves.toBe(CANARY);
  await expect(listSchedules(db.database)).resolves.toMatchObject([
    { name: 'greet', team: 'T1', channel: 'C1', cron: '0 9 * * *', paused: false },
  ]);
});

test('no table holds the secret', async () => {
  await apply(FILE);
  const { rows } = await db.database.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'public'",
  );
  for (const { name } of rows) {
    const table = await db.database.query<{ text: string }>(`select row_to_json(t)::text as text from "${name}" t`);
    expect(JSON.stringify(table.rows)).not.toContain(CANARY);
    expect(JSON.stringify(table.rows)).not.toContain(Buffer.from(CANARY).toString('hex'));
  }
});

test('everybody who listens hears of the change when it is in force', async () => {
  const listener = await openListener(db.url, 'test');
  try {
    const heard = new Promise<string | undefined>((resolve) => {
      listener.on('notification', ({ payload }) => resolve(payload));
    });
    await listener.query('listen bellhop_policy');
    await apply(FILE);
    await expect(heard).resolves.toBe('1');
  } finally {
    await listener.end();
  }
});

test('a second apply without the secret keeps the stored credential, and says so', async () => {
  await apply(FILE);
  const result = await apply(FILE.replace('docs.a.test', 'more.a.test'), { token: '' });
  expect(result.credentials).toEqual([
    { connection: 'api', credential: 'kept', note: 'the environment variable API_TOKEN is not set' },
  ]);
  expect(result.changes.map(({ change, name }) => `${change} ${name}`)).toEqual(['changed web']);
  await expect(secretOf('api')).resolves.toBe(CANARY);
});

test('what is in force already makes no new version', async () => {
  await apply(FILE);
  await expect(apply(FILE, { token: '' })).resolves.toMatchObject({ changed: false, version: 1, changes: [] });
  await expect(currentPolicy(db.database)).resolves.toMatchObject({ version: 1 });
});

test('a new secret makes a new version; the one before stays for requests under way, the one before that goes', async () => {
  for (const token of ['first-secret', 'second-secret', 'third-secret']) await apply(FILE, { token });
  await expect(secretOf('api')).resolves.toBe('third-secret');
  expect((await listCredentials(db.database)).map(({ version }) => version)).toEqual([2, 3]);
});

test('the credential of a connection that is gone is gone', async () => {
  await apply(FILE);
  await apply('organization: {}');
  await expect(listCredentials(db.database)).resolves.toEqual([]);
  await expect(listSchedules(db.database)).resolves.toEqual([]);
});

test.each([
  ['another host', (text: string) => text.replace('host: api.a.test', 'host: evil.test')],
  ['another port', (text: string) => text.replace('host: api.a.test', 'host: api.a.test\n    port: 8443')],
  ['another kind', (text: string) => text.replace('kind: bearer', 'kind: basic')],
])('a connection with %s needs its secret again', async (_name, change) => {
  await apply(FILE);
  await expect(apply(change(FILE), { token: '' })).rejects.toThrow(
    /connections\.api\.credential\.fromEnv: the environment variable API_TOKEN is not set, and the stored credential is bound/,
  );
  await expect(currentPolicy(db.database)).resolves.toMatchObject({ version: 1 });
});

test('a new connection without its secret is refused, and nothing is changed', async () => {
  await expect(apply(FILE, { token: '' })).rejects.toThrow(
    'bellhop.yaml:8: connections.api.credential.fromEnv: the environment variable API_TOKEN is not set, and no credential is stored for this connection',
  );
  await expect(currentPolicy(db.database)).resolves.toMatchObject({ version: 0 });
});

test('a secret that no header can carry is refused without being repeated', async () => {
  const refusal = await apply(FILE, { token: `${CANARY}\r\nX-Admin: 1` }).catch((error: Error) => error);
  expect(String(refusal)).toContain('has a line break or another control character');
  expect(String(refusal)).not.toContain(CANARY);
});

test('a secret is read from a file beside bellhop.yaml, its last line break dropped', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bellhop-apply-'));
  try {
    await writeFile(path.join(folder, 'token'), `${CANARY}\n`);
    const text = FILE.replace('fromEnv: API_TOKEN', 'fromFile: token');
    await apply(text, { file: path.join(folder, 'bellhop.yaml'), token: '' });
    await expect(secretOf('api')).resolves.toBe(CANARY);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('channels that nobody knows are told together, with those that come near', async () => {
  const text = FILE.replace('"#ops": {', '"#generall": {');
  await expect(apply(text)).rejects.toMatchObject({
    problems: [{ line: 3, field: 'channels.#generall', message: expect.stringContaining('(did you mean #general?)') }],
  });
});

test('a dry run tells all of it and changes nothing', async () => {
  const result = await apply(FILE, { dryRun: true });
  expect(result).toMatchObject({ dryRun: true, changed: true, version: 1 });
  expect(result.changes).toHaveLength(6);
  await expect(currentPolicy(db.database)).resolves.toMatchObject({ version: 0 });
  await expect(listCredentials(db.database)).resolves.toEqual([]);
  await expect(listSchedules(db.database)).resolves.toEqual([]);
});

test('a schedule that somebody paused stays paused, unless the file says otherwise', async () => {
  await apply(FILE);
  await pauseSchedule(db.database, 'greet', true);
  await apply(FILE.replace('Say hello', 'Say good morning'));
  await expect(listSchedules(db.database)).resolves.toMatchObject([{ prompt: 'Say good morning', paused: true }]);
  await apply(FILE.replace('prompt: Say hello', 'prompt: Say hello, paused: false'));
  await expect(listSchedules(db.database)).resolves.toMatchObject([{ paused: false }]);
});

test('the role of the command line is enough to apply, and cannot read a credential back', async () => {
  const installation = randomUUID().slice(0, 8);
  const passwords = { gateway: 'p', agent: 'p', runner: 'p', proxy: 'p', admin: 'p', console: 'p' };
  await ensureRoles(db.url, installation, passwords);
  const admin = openDatabase({ url: urlForRole(db.url, installation, 'admin', 'p'), name: 'test-admin' });
  try {
    const request = { database: admin, file: 'bellhop.yaml', appliedBy: 'test', now: NOW, dryRun: false };
    await applyFile({ ...request, text: FILE, environment: { API_TOKEN: CANARY } });
    await applyFile({ ...request, text: FILE, environment: { API_TOKEN: 'another-secret' } });
    await applyFile({ ...request, text: 'organization: {}', environment: {} });
    await expect(admin.query('select sealed from credential')).rejects.toThrow('permission denied');
  } finally {
    await admin.end();
    await dropRoles(db.url, installation);
  }
});

test('many at once: each is applied whole, one after the other, and one of them is in force', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `only-${index}`);
  const results = await Promise.all(
    names.map((name) =>
      apply(
        `organization: { bundles: [${name}] }
bundles: { ${name}: { domains: [${name}.a.test], connections: [${name}] } }
connections: { ${name}: { host: api.a.test, priority: 1, credential: { kind: bearer, fromEnv: API_TOKEN } } }
`,
        { token: `${name}-${randomUUID()}` },
      ),
    ),
  );
  expect(results.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  const policy = await currentPolicy(db.database);
  const [winner] = policy.scopes[0]?.bundles ?? [];
  expect(policy.bundles.map(({ id }) => id)).toEqual([winner]);
  expect(policy.connections).toMatchObject([{ id: winner, credentialVersion: 8 }]);
  await expect(secretOf(winner ?? '')).resolves.toMatch(`${winner}-`);
  expect((await listCredentials(db.database)).map(({ connection }) => connection)).toEqual([winner]);
});

test('readers see a policy with its credential or the one before, never half of one', async () => {
  await apply(FILE, { token: 'secret-0' });
  let applying = true;
  const reading = (async () => {
    let reads = 0;
    while (applying) {
      const secret = await inTransaction(db.database, async (tx) => {
        await tx.query('set transaction isolation level repeatable read');
        return secretOf('api', tx);
      });
      expect(secret).toMatch(/^secret-\d+$/);
      reads += 1;
    }
    return reads;
  })();
  for (let round = 1; round <= 10; round += 1) await apply(FILE, { token: `secret-${round}` });
  applying = false;
  await expect(reading).resolves.toBeGreaterThan(0);
});

test('a sealed row that is moved to another connection, or whose connection gets another host, does not open', async () => {
  await apply(
    FILE.replace('connections: [api]', 'connections: [api, other]').replace(
      'schedules:',
      '  other: { host: b.test, credential: { kind: bearer, fromEnv: API_TOKEN } }\nschedules:',
    ),
  );
  await db.database.query(
    "update credential set sealed = (select sealed from credential where connection = 'api') where connection = 'other'",
  );
  await expect(secretOf('other')).rejects.toMatchObject({ code: 'does_not_open' });
  await db.database.query(
    `update policy set document = jsonb_set(document, '{connections,0,host}', '"evil.test"') where version = 1`,
  );
  await expect(secretOf('api')).rejects.toMatchObject({ code: 'does_not_open' });
});

test('whoever waits for another apply that does not end is told, and waits no longer', async () => {
  await inTransaction(db.database, async (first) => {
    await lockPolicy(first);
    await expect(inTransaction(db.database, (second) => lockPolicy(second, 50))).rejects.toThrow(
      'another apply is under way',
    );
  });
  await inTransaction(db.database, (next) => lockPolicy(next, 50));
});
