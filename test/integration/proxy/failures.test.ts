import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { createProxyStore, type ProxyStore } from '../../../proxy/proxy-store.ts';
import { egressEventsOf } from '../../../store/egress-events.ts';
import { type StandardWorld, startStandardWorld } from './support/standard-world.ts';
import { S1, SCOPE_1, SECRET, sessionOf } from './support/world.ts';

let standard: StandardWorld;
let offset = 0;
let attempt = 1;
const away = { policy: false, credentials: false, events: false };

/** PostgreSQL as it is, or away as far as a test says. */
function flaky(real: ProxyStore): ProxyStore {
  const gone = () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
  return {
    policyRevision: () => (away.policy ? gone() : real.policyRevision()),
    policy: () => (away.policy ? gone() : real.policy()),
    credentials: (document) => (away.credentials ? gone() : real.credentials(document)),
    held: (owner) => (away.policy ? gone() : real.held(owner)),
    allowed: (turn) => (away.policy ? gone() : real.allowed(turn)),
    sealedPersonal: (...asked) => (away.policy ? gone() : real.sealedPersonal(...asked)),
    takeTest: (full) => real.takeTest(full),
    answerTest: (...told) => real.answerTest(...told),
    noteTokenAnswer: (...noted) => real.noteTokenAnswer(...noted),
    rotations: real.rotations,
    personalTokens: real.personalTokens,
    grants: real.grants,
    storeEvents: (events) => (away.events ? gone() : real.storeEvents(events)),
    counts: (session, turn) => real.counts(session, turn),
    isUnfit: (error) => real.isUnfit(error),
  };
}

async function start(spoolMaxBytes = 64 * 1024 * 1024): Promise<void> {
  offset = 0;
  Object.assign(away, { policy: false, credentials: false, events: false });
  standard = await startStandardWorld({
    overrides: {
      wrapStore: flaky,
      clock: { now: () => performance.now() + offset },
      spoolMaxBytes,
    },
  });
}

afterEach(() => standard[Symbol.asyncDispose]());

const sandbox = () => standard.world.sandbox(S1);
const codeOf = async (url: string) => {
  const { status, error } = await sandbox().request(url);
  return error ? `${status} ${error.code}` : String(status);
};
/** Time passes for everything but the lease. */
async function later(ms: number): Promise<void> {
  offset += ms;
  await openAnew();
}

async function openAnew(): Promise<void> {
  attempt += 1;
  await standard.world.openLease(S1, SCOPE_1, 1, attempt);
}

test('while the database is away the last policy holds, for injections 30 seconds and for the rest 10 minutes', async () => {
  await start();
  expect(await codeOf('https://api.a.test/')).toBe('200');
  Object.assign(away, { policy: true, credentials: true, events: true });
  await pause(600);
  expect(await codeOf('https://api.a.test/')).toBe('200');
  await later(31_000);
  expect(await codeOf('https://api.a.test/')).toBe('503 policy_stale');
  expect(await codeOf('https://pypi.test/')).toBe('200');
  expect(await codeOf('https://evil.test/')).toBe('403 not_allowed');
  await later(600_000);
  expect(await codeOf('https://pypi.test/')).toBe('503 policy_stale');
  expect(standard.world.proxy.health()).toMatchObject({ database: 'away', policy: { version: 1 } });

  Object.assign(away, { policy: false, credentials: false, events: false });
  await pause(700);
  expect(await codeOf('https://api.a.test/')).toBe('200');
  // Nothing was lost meanwhile.
  const events = await standard.world.events(S1, 7);
  expect(events.map(({ code }) => code)).toEqual([
    'connection',
    'connection',
    'policy_stale',
    'domain_entry',
    'not_allowed',
    'policy_stale',
    'connection',
  ]);
});

test('a credential that was not used before is attached while the database is away, for the same 30 seconds', async () => {
  await start();
  standard.origin.forget();
  Object.assign(away, { policy: true, credentials: true, events: true });
  await later(20_000);
  expect(await codeOf('https://api.a.test/')).toBe('200');
  expect(standard.origin.received('api.a.test')).toContain(`Bearer ${SECRET}`);
  await later(11_000);
  expect(await codeOf('https://api.a.test/')).toBe('503 policy_stale');
});

test('a credential that cannot be read is not replaced by a bare request', async () => {
  await start();
  standard.origin.forget();
  const { world, policy } = standard;
  away.credentials = true;
  // The policy in force stays, with its credential, until it is too old for that.
  await world.apply({ ...policy, attached: { [SCOPE_1]: { connections: ['gh'] } } });
  expect(world.proxy.health()).toMatchObject({ database: 'away', policy: { version: 1 } });
  expect(await codeOf('https://api.a.test/')).toBe('200');
  await later(31_000);
  standard.origin.forget();
  expect(await codeOf('https://api.a.test/')).toBe('503 policy_stale');
  // Nor is it after a restart, which knows no policy.
  await world.restart();
  await openAnew();
  expect(await codeOf('https://api.a.test/')).toBe('503 policy_not_loaded');
  expect(standard.origin.received('api.a.test')).toBe('');
});

test('a stored policy that is malformed does not take over, and the log says so', async () => {
  await start();
  const { world } = standard;
  const store = (document: string) =>
    world.database.database.query(
      `insert into policy (version, document, source, applied_by)
       select version + 1, ${document}, source, applied_by from policy order by version desc limit 1`,
    );
  await store('\'{"bundles": []}\'');
  await world.proxy.refreshPolicy();
  expect(await codeOf('https://pypi.test/')).toBe('200');
  expect(world.problems).toEqual([
    'the policy that is stored is not taken over: version 2 is malformed at connections: Invalid input: expected array, received undefined',
  ]);
  // It is not confirmed any more, so that it does not hold for ever in place of what nobody can read.
  await later(31_000);
  expect(await codeOf('https://api.a.test/')).toBe('503 policy_stale');
  expect(world.proxy.health()).toMatchObject({ database: 'up', policy: { version: 1 } });
  await store('(select document from policy where version = 1)');
  await world.proxy.refreshPolicy();
  expect(await codeOf('https://api.a.test/')).toBe('200');
});

test('a credential that was moved, changed or deleted does not open, and the connection is named', async () => {
  await start();
  standard.origin.forget();
  const { database } = standard.world.database;
  for (const change of [
    // The byte may be anything, also 0, so one of its bits is turned.
    'update credential set sealed = set_byte(sealed, 59, get_byte(sealed, 59) # 1)',
    'delete from credential',
  ]) {
    await database.query(change);
    await standard.world.restart();
    await openAnew();
    const { status, error, text } = await sandbox().request('https://api.a.test/');
    expect(status).toBe(502);
    expect(error).toMatchObject({ code: 'inject_failed', connection: 'gh', rule: 'gh' });
    expect(text).not.toContain(SECRET);
  }
  expect(standard.origin.received('api.a.test')).toBe('');
});

test('a connection whose host was changed in the stored policy cannot use its credential there', async () => {
  await start();
  const { database } = standard.world.database;
  await database.query(
    `insert into policy (version, document, source, applied_by)
     select version + 1, jsonb_set(document, '{connections,0,rules,0,host}', '"evil.test"'), source, applied_by from policy
     order by version desc limit 1`,
  );
  await standard.world.proxy.refreshPolicy();
  const { status, error } = await sandbox().request('https://evil.test/');
  expect({ status, code: error?.code }).toEqual({ status: 502, code: 'inject_failed' });
  expect(standard.origin.received('evil.test')).toBe('');
});

test('when events can neither be stored nor spooled nothing passes, and what was spooled arrives later', async () => {
  await start(8_000);
  away.events = true;
  let passed = 0;
  while ((await codeOf('https://pypi.test/x')) === '200') passed += 1;
  expect(passed).toBeGreaterThan(3);
  standard.origin.forget();
  expect(await codeOf('https://api.a.test/')).toBe('503 events_not_recorded');
  expect(standard.origin.received('api.a.test')).toBe('');
  expect(standard.world.problems.some((text) => text.includes('spool'))).toBe(true);
  away.events = false;
  await standard.world.events(S1, passed);
  await pause(1_500);
  expect(await codeOf('https://pypi.test/x')).toBe('200');
});

test('an event that PostgreSQL never takes does not keep the others', async () => {
  await start();
  const { storeEvents } = createProxyStore(standard.world.database.database);
  const [template] = (await sandbox().request('https://pypi.test/')) && (await standard.world.events(S1, 1));
  if (!template) throw new Error('no event');
  await expect(storeEvents([{ ...template, id: 'no-uuid' }])).rejects.toThrow();
  await standard.world.database.database.query('alter table egress_event add check (host <> $$api.a.test$$)');
  await sandbox().request('https://api.a.test/');
  await sandbox().request('https://pypi.test/second');
  const events = await standard.world.events(S1, 2);
  expect(events.map(({ path }) => path)).toEqual(['/', '/second']);
  expect(standard.world.problems.join()).toContain('cannot be stored');
});

test('events are stored once, and listeners hear of their session', async () => {
  await start();
  const client = await standard.world.database.database.connect();
  const heard: string[] = [];
  client.on('notification', ({ payload }) => heard.push(payload ?? ''));
  await client.query('listen bellhop_egress');
  await sandbox().request('https://pypi.test/');
  const events = await standard.world.events(S1, 1);
  const { storeEvents } = createProxyStore(standard.world.database.database);
  await storeEvents(events);
  await pause(100);
  client.release(true);
  expect(heard).toEqual([sessionOf(S1)]);
  expect(await egressEventsOf(standard.world.database.database, sessionOf(S1))).toEqual(events);
});

test('the secret is in no file that the proxy wrote, also after many errors', async () => {
  await start();
  away.events = true;
  await codeOf('https://api.a.test/x?access_token=q');
  await codeOf('https://evil.test/');
  const { folder } = standard.world;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(4);
  for (const file of files) {
    const bytes = readFileSync(`${file.parentPath}/${file.name}`);
    for (const form of [SECRET, Buffer.from(SECRET).toString('base64'), Buffer.from(SECRET).toString('hex')]) {
      expect(bytes.includes(form)).toBe(false);
    }
  }
  away.events = false;
});
