import { randomUUID } from 'node:crypto';
import { applyFile } from '../../../cli/apply/apply-file.ts';
import { listCredentials } from '../../../store/credentials.ts';
import { inTransaction, openDatabase, openListener } from '../../../store/database.ts';
import { currentPolicy, lockPolicy } from '../../../store/policy.ts';
import { dropRoles, ensureRoles, urlForRole } from '../../../store/roles.ts';
import { listSchedules, pauseSchedule } from '../../../store/schedules.ts';
import { NOW } from '../../support/access-yaml.ts';
import { type ApplyStage, CANARY, createApplyStage, FILE } from './support/apply-stage.ts';

let stage: ApplyStage;

beforeEach(async () => {
  stage = await createApplyStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

test('a file becomes policy, sealed credential and schedules, and the changes are reported', async () => {
  const result = await stage.apply(FILE);
  expect(result).toMatchObject({ version: 1, changed: true, dryRun: false });
  expect(result.changes.map(({ change, kind, name }) => `${change} ${kind} ${name}`)).toEqual([
    'added scope organization',
    'added scope #ops',
    'added bundle web',
    'added bundle data',
    'added connection api',
    'added schedule greet',
  ]);
  const policy = await currentPolicy(stage.database);
  expect(policy.scopes.map(({ scope, label }) => `${scope} ${label}`)).toEqual([
    'organization organization',
    'channel:T1:C1 #ops',
  ]);
  await expect(stage.secretOf('api')).resolves.toBe(CANARY);
  await expect(listSchedules(stage.database)).resolves.toMatchObject([
    { name: 'greet', team: 'T1', channel: 'C1', cron: '0 9 * * *', paused: false },
  ]);
});

test('no table holds the secret', async () => {
  await stage.apply(FILE);
  const { rows } = await stage.database.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'public'",
  );
  for (const { name } of rows) {
    const table = await stage.database.query<{ text: string }>(`select row_to_json(t)::text as text from "${name}" t`);
    expect(JSON.stringify(table.rows)).not.toContain(CANARY);
    expect(JSON.stringify(table.rows)).not.toContain(Buffer.from(CANARY).toString('hex'));
  }
});

test('everybody who listens hears of the change when it is in force', async () => {
  const listener = await openListener(stage.url, 'test');
  try {
    const heard = new Promise<string | undefined>((resolve) => {
      listener.on('notification', ({ payload }) => resolve(payload));
    });
    await listener.query('listen bellhop_policy');
    await stage.apply(FILE);
    await expect(heard).resolves.toBe('1');
  } finally {
    await listener.end();
  }
});

test('a second apply without the secret keeps the stored credential, and says so', async () => {
  await stage.apply(FILE);
  const result = await stage.apply(FILE.replace('docs.a.test', 'more.a.test'), { token: '' });
  expect(result.credentials).toEqual([
    {
      connection: 'api',
      credential: 'kept',
      note: 'the environment variable API_TOKEN is not set',
      source: 'environment',
    },
  ]);
  expect(result.changes.map(({ change, name }) => `${change} ${name}`)).toEqual(['changed web']);
  await expect(stage.secretOf('api')).resolves.toBe(CANARY);
});

test('a file that is in force already makes no new version', async () => {
  await stage.apply(FILE);
  await expect(stage.apply(FILE, { token: '' })).resolves.toMatchObject({ changed: false, version: 1, changes: [] });
  await expect(currentPolicy(stage.database)).resolves.toMatchObject({ version: 1 });
});

test('unknown channels are reported together, with similar names', async () => {
  const text = FILE.replace('"#ops": {', '"#generall": {');
  await expect(stage.apply(text)).rejects.toMatchObject({
    problems: [{ line: 3, field: 'channels.#generall', message: expect.stringContaining('(did you mean #general?)') }],
  });
});

test('a dry run reports everything and changes nothing', async () => {
  const result = await stage.apply(FILE, { dryRun: true });
  expect(result).toMatchObject({ dryRun: true, changed: true, version: 1 });
  expect(result.changes).toHaveLength(6);
  await expect(currentPolicy(stage.database)).resolves.toMatchObject({ version: 0 });
  await expect(listCredentials(stage.database)).resolves.toEqual([]);
  await expect(listSchedules(stage.database)).resolves.toEqual([]);
});

test('a schedule that somebody paused stays paused, unless the file says otherwise', async () => {
  await stage.apply(FILE);
  await pauseSchedule(stage.database, 'greet', true);
  await stage.apply(FILE.replace('Say hello', 'Say good morning'));
  await expect(listSchedules(stage.database)).resolves.toMatchObject([{ prompt: 'Say good morning', paused: true }]);
  await stage.apply(FILE.replace('prompt: Say hello', 'prompt: Say hello, paused: false'));
  await expect(listSchedules(stage.database)).resolves.toMatchObject([{ paused: false }]);
});

test('the role of the command line is enough to apply, and cannot read a credential back', async () => {
  const installation = randomUUID().slice(0, 8);
  const passwords = { gateway: 'p', agent: 'p', runner: 'p', proxy: 'p', admin: 'p', console: 'p' };
  await ensureRoles(stage.url, installation, passwords);
  const admin = openDatabase({ url: urlForRole(stage.url, installation, 'admin', 'p'), name: 'test-admin' });
  try {
    const request = { database: admin, file: 'bellhop.yaml', appliedBy: 'test', now: NOW, dryRun: false };
    await applyFile({ ...request, text: FILE, environment: { API_TOKEN: CANARY } });
    await applyFile({ ...request, text: FILE, environment: { API_TOKEN: 'another-secret' } });
    await applyFile({ ...request, text: 'organization: {}', environment: {} });
    await expect(admin.query('select sealed from credential')).rejects.toThrow('permission denied');
  } finally {
    await admin.end();
    await dropRoles(stage.url, installation);
  }
});

test('of many applies at once each runs completely, one after the other, and one of them is in force', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `only-${index}`);
  const results = await Promise.all(
    names.map((name) =>
      stage.apply(
        `organization: { bundles: [${name}] }
bundles: { ${name}: { domains: [${name}.a.test], connections: [${name}] } }
connections: { ${name}: { host: api.a.test, priority: 1, credential: { kind: bearer, fromEnv: API_TOKEN } } }
`,
        { token: `${name}-${randomUUID()}` },
      ),
    ),
  );
  expect(results.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  const policy = await currentPolicy(stage.database);
  const [winner] = policy.scopes[0]?.bundles ?? [];
  expect(policy.bundles.map(({ id }) => id)).toEqual([winner]);
  expect(policy.connections).toMatchObject([{ id: winner, credentialVersion: 8 }]);
  await expect(stage.secretOf(winner ?? '')).resolves.toMatch(`${winner}-`);
  expect((await listCredentials(stage.database)).map(({ connection }) => connection)).toEqual([winner]);
});

test('readers see a policy with its credential or the one before, never half of one', async () => {
  await stage.apply(FILE, { token: 'secret-0' });
  let applying = true;
  const reading = (async () => {
    let reads = 0;
    while (applying) {
      const secret = await inTransaction(stage.database, async (tx) => {
        await tx.query('set transaction isolation level repeatable read');
        return stage.secretOf('api', tx);
      });
      expect(secret).toMatch(/^secret-\d+$/);
      reads += 1;
    }
    return reads;
  })();
  for (let round = 1; round <= 10; round += 1) await stage.apply(FILE, { token: `secret-${round}` });
  applying = false;
  await expect(reading).resolves.toBeGreaterThan(0);
});

test('an apply that waits for another one gives up in time and says so', async () => {
  await inTransaction(stage.database, async (first) => {
    await lockPolicy(first);
    await expect(inTransaction(stage.database, (second) => lockPolicy(second, 50))).rejects.toThrow(
      'another apply is under way',
    );
  });
  await inTransaction(stage.database, (next) => lockPolicy(next, 50));
});
