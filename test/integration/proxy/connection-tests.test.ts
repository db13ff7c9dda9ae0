import type { RequestListener } from 'node:http';
import { describeConnection } from '../../../cli/connections/describe-connection.ts';
import { testText } from '../../../cli/connections/test-text.ts';
import { connectionUses } from '../../../store/connection-use.ts';
import { listCredentials } from '../../../store/credentials.ts';
import { currentPolicy } from '../../../store/policy.ts';
import { until } from '../../support/until.ts';
import { type StandardWorld, startStandardWorld } from './support/standard-world.ts';
import { connection, S1, SCOPE_1, SECRET, type WorldPolicy } from './support/world.ts';

let standard: StandardWorld;

const onRequest: RequestListener = ({ url, headers }, response) => {
  if (headers.authorization !== `Bearer ${SECRET}`) response.writeHead(401).end(headers.authorization);
  else if (url === '/redirect') response.writeHead(302, { location: 'https://elsewhere.test/' }).end();
  else response.writeHead(url === '/forbidden' ? 403 : 200).end(headers.authorization);
};

beforeAll(async () => {
  standard = await startStandardWorld({ onRequest });
});
afterAll(() => standard?.[Symbol.asyncDispose]());
beforeEach(() => apply());

/** The connection is attached nowhere. */
async function apply(more: WorldPolicy = {}): Promise<void> {
  const { addresses, world } = standard;
  const gh = connection('gh', 'api.a.test', { addresses, paths: ['/v1', '/redirect', '/forbidden'], methods: ['GET'] });
  const test = { method: 'GET', url: 'https://api.a.test/v1/me?a=b' };
  const bare = connection('bare', 'pypi.test', { addresses });
  await world.apply({ connections: [{ ...gh, test }, bare], ...more });
}

const test_ = (id: string, request = {}) => standard.world.control.testConnection(id, request);

test('a connection is tested by the request of the file, attached or not, and nothing of its secret comes back', async () => {
  const answer = await test_('gh');
  expect(answer).toEqual({
    method: 'GET',
    url: 'https://api.a.test/v1/me?a=b',
    ms: expect.any(Number),
    status: 200,
    location: null,
    refusal: null,
  });
  expect(JSON.stringify(answer)).not.toContain(SECRET);
  expect(testText('gh', answer)).toContain('the connection works');
});

test('a test is recorded as a request of the operator', async () => {
  await test_('gh');
  const { database } = standard.world.database;
  const events = async () =>
    (await database.query("select * from egress_event where principal = 'operator' order by at desc")).rows;
  await until(async () => (await events()).some(({ status }) => status === 200), 'the event of the test');
  expect((await events())[0]).toMatchObject({
    principal: 'operator',
    requester: 'operator',
    session: null,
    outcome: 'injected',
    connection: 'gh',
    bundle: 'test',
    path: '/v1/me?a',
    status: 200,
  });
});

test.each<[string, object, object]>([
  ['a redirect', { url: 'https://api.a.test/redirect' }, { status: 302, location: 'https://elsewhere.test/' }],
  ['an answer of 403', { url: 'https://api.a.test/forbidden' }, { status: 403 }],
  [
    'a method that no rule allows',
    { method: 'POST', url: 'https://api.a.test/v1' },
    { refusal: { code: 'method_not_allowed' } },
  ],
  ['a path that no rule allows', { url: 'https://api.a.test/v2' }, { refusal: { code: 'path_not_allowed' } }],
  ['a host of another connection', { url: 'https://pypi.test/' }, { refusal: { code: 'not_allowed' } }],
])('%s is told as it is', async (_what, request, expected) => {
  expect(await test_('gh', request)).toMatchObject(expected);
});

test('a guardrail holds for the operator too', async () => {
  const guardrail = { id: 'no', host: 'api.a.test', port: null, methods: [], paths: ['/v1'], reason: 'No.', line: 0 };
  await apply({ guardrails: [guardrail] });
  expect(await test_('gh')).toMatchObject({ status: null, refusal: { code: 'guardrail' } });
});

test('a test that cannot be sent is refused with its reason', async () => {
  await expect(test_('nobody')).rejects.toMatchObject({ code: 'not_found' });
  await expect(test_('bare')).rejects.toMatchObject({ code: 'bad_request', message: expect.stringContaining('test:') });
  for (const url of ['http://api.a.test/', 'https://127.0.0.1/', 'nonsense']) {
    await expect(test_('gh', { url })).rejects.toMatchObject({ code: 'bad_request' });
  }
  await expect(test_('gh', { method: 'get', url: 'https://api.a.test/' })).rejects.toMatchObject({
    code: 'bad_request',
  });
});

test("a forge's connection that no bundle grants repositories by is tested, and opens nothing", async () => {
  const { addresses, world } = standard;
  const url = 'https://api.a.test/api/v1/version';
  const tea = connection('tea', 'api.a.test', { preset: 'gitea', addresses, test: { method: 'GET', url } });
  await world.apply({ connections: [tea], attached: { [SCOPE_1]: { connections: ['tea'] } } });
  expect(await test_('tea')).toMatchObject({ status: 200, refusal: null });
  // Refusals for git are text, and the proxy lives on.
  expect(
    await test_('tea', { url: 'https://api.a.test/acme/shop.git/info/refs?service=git-upload-pack' }),
  ).toMatchObject({
    status: null,
    refusal: { code: 'repository_not_granted', message: expect.stringMatching(/^[^{]*acme\/shop/) },
  });
  expect(await test_('tea')).toMatchObject({ status: 200, refusal: null });
  const sandbox = world.sandbox(S1);
  for (const [method, path] of [
    ['POST', '/api/v1/repos/acme/shop/pulls/1/merge'],
    ['GET', '/api/v1/repos/acme/shop'],
    ['GET', '/acme/shop.git/info/refs?service=git-upload-pack'],
    ['GET', '/acme/shop'],
  ] as const) {
    const answer = await sandbox.request(`https://api.a.test${path}`, { method });
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('opens nothing without repositories in a bundle of this scope');
  }
});

test('the rights of a test end with it, and no sandbox has them', async () => {
  await test_('gh');
  const answer = await standard.world.sandbox(S1).request('https://api.a.test/v1/me');
  expect(answer).toMatchObject({ status: 403, error: { code: 'not_allowed' } });
  await expect(standard.world.control.ensureListener('operator:x', 0)).rejects.toMatchObject({ code: 'bad_request' });
});

test('a description says where a connection leads, where it is attached and when it was used', async () => {
  await apply({ attached: { [SCOPE_1]: { connections: ['gh'] } } });
  await standard.world.sandbox(S1).request('https://api.a.test/v1/x');
  await standard.world.sandbox(S1).request('https://api.a.test/v2');
  const { database } = standard.world.database;
  const describe = async () => {
    const document = await currentPolicy(database);
    const uses = await connectionUses(database, ['gh', 'bare']);
    const [gh] = document.connections;
    if (!gh) throw new Error('no connection');
    return describeConnection(gh, document, await listCredentials(database), uses.get('gh'));
  };
  await until(async () => (await describe()).used !== null, 'an event of a use');
  const described = await describe();
  expect(described).toMatchObject({
    name: 'gh',
    kind: 'bearer',
    hosts: ['api.a.test'],
    rules: ['inject GET https://api.a.test below /v1, /redirect, /forbidden'],
    attached: [`bundle-${SCOPE_1} ← ${SCOPE_1}`],
    test: 'GET https://api.a.test/v1/me?a=b',
    used: { status: 200, host: 'api.a.test', at: expect.any(Date) },
    since: expect.any(Date),
    expiresAt: null,
  });
  expect(JSON.stringify(described)).not.toContain(SECRET);
});

test('uses are found by an index, for as many connections as there are', async () => {
  const { database } = standard.world.database;
  await database.query('set enable_seqscan = off');
  const { rows } = await database.query<{ 'QUERY PLAN': string }>(
    "explain select at from egress_event where connection = 'gh' and outcome = 'blocked' order by at desc limit 1",
  );
  expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index.* using egress_event_connection/);
});
