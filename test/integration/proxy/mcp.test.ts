import type { CredentialUse } from '../../../access/credential-use.ts';
import { SESSION_LIMITS, withServer } from '../../../mcp/session.ts';
import { until } from '../../support/until.ts';
import { type McpWorld, startMcpWorld } from './support/mcp-world.ts';
import { S1, SCOPE_1, SCOPE_2, SECRET } from './support/world.ts';

let mcp: McpWorld;

beforeAll(async () => {
  mcp = await startMcpWorld();
});
afterAll(() => mcp?.[Symbol.asyncDispose]());
beforeEach(async () => {
  mcp.hostile.mood = 'well';
  await mcp.apply();
});

const never = new AbortController().signal;

/** In the name of the turn of the sandbox, or as a look at the list. */
function session<T>(
  server: string,
  work: Parameters<typeof withServer<T>>[3],
  options: { look?: boolean; signal?: AbortSignal; turn?: number } = {},
) {
  const { look = false, signal = never, turn = 1 } = options;
  const ask = look ? null : { sandbox: S1, turn };
  return withServer(
    `https://${server}.mcp.test/mcp`,
    (asked) => mcp.world.control.askServer({ connection: server, url: `https://${server}.mcp.test/mcp` }, ask, asked),
    { signal, limits: SESSION_LIMITS },
    work,
  );
}

const call = (server: string, name: string, given = {}, options = {}) =>
  session(server, (open) => open.callTool({ name, arguments: given, onProgress: () => {} }), options);

const eventsOf = (name: string) => mcp.world.events(S1, 1, ({ tool }) => tool === name);

test('a tool of the reference server is called with the credential, which the caller never has', async () => {
  const answer = await call('everything', 'get-sum', { a: 2, b: 40 });
  expect(answer).toEqual({ isError: false, text: expect.stringContaining('42'), files: [] });
  const called = mcp.everything.asked.filter(({ what }) => what === 'POST tools/call');
  expect(called).toEqual([{ what: 'POST tools/call', authorization: `Bearer ${SECRET}` }]);
  expect(JSON.stringify(answer)).not.toContain(SECRET);
});

test('the event of a call names server, tool and outcome, under the turn and its requester', async () => {
  await call('everything', 'echo', { message: 'hello' });
  const events = await eventsOf('echo');
  expect(events.at(-1)).toMatchObject({
    ...{ outcome: 'injected', code: 'mcp_server', connection: 'everything', tool: 'echo', operation: 'tools/call' },
    ...{ turn: 1, requester: 'U1', scope: SCOPE_1, status: 200, method: 'POST', host: 'everything.mcp.test' },
  });
  expect(JSON.stringify(events)).not.toContain('hello');
});

test('images and structured content of the reference server come as they are', async () => {
  const image = await call('everything', 'get-tiny-image');
  expect(image.files).toMatchObject([{ name: '1.png', type: 'image/png' }]);
  expect(image.files[0]?.bytes.subarray(1, 4).toString()).toBe('PNG');
  const { text } = await call('everything', 'get-structured-content', { location: 'New York' });
  expect(JSON.parse(text)).toMatchObject({ temperature: expect.any(Number) });
});

test('resources that an answer links to come as files', async () => {
  const { text, files } = await call('everything', 'get-resource-links', { count: 3 });
  expect(text.match(/\(resource demo:\/\/resource\//g)).toHaveLength(3);
  expect(files).toHaveLength(3);
  expect(files.every(({ bytes }) => bytes.length > 0)).toBe(true);
  const read = await mcp.world.events(S1, 3, ({ operation }) => operation === 'resources/read');
  expect(read).toMatchObject(Array(3).fill({ connection: 'everything', outcome: 'injected', tool: null }));
});

test('the list of the reference server is read, with what it says of each tool', async () => {
  const tools = await session('everything', (open) => open.listTools(), { look: true });
  expect(tools.map(({ definition }) => definition.name)).toEqual(expect.arrayContaining(['echo', 'get-sum']));
  expect(tools.filter(({ problem }) => problem !== null)).toEqual([]);
  expect(new Set(tools.map(({ digest }) => digest)).size).toBe(tools.length);
});

test('a session is ended at its server', async () => {
  await call('everything', 'echo', { message: 'x' });
  expect(mcp.everything.asked.at(-1)?.what).toBe('DELETE');
});

test.each([
  ['a tool that the connection denies', 'delete_all', 'denies hostile.delete_all by delete_* in line 8'],
  ['a tool that is denied in other letters', 'DELETE_ALL', 'denies hostile.DELETE_ALL'],
])('%s is not called, and the event says so', async (_what, name, reason) => {
  const before = mcp.hostile.called.length;
  await expect(call('hostile', name)).rejects.toMatchObject({
    code: 'ProxyRefused',
    message: expect.stringContaining(reason),
  });
  expect(mcp.hostile.called.slice(before)).toEqual([]);
  const events = await mcp.world.events(S1, 1, ({ tool, outcome }) => tool === name && outcome === 'blocked');
  expect(events).toMatchObject([{ code: 'tool_refused', connection: 'hostile', tool: name, status: 403 }]);
});

test.each([
  ['for tools', { toolGuardrails: [{ id: 'no-orders', server: '*', tools: ['orders'], reason: 'No.', line: 1 }] }],
  [
    'for its host',
    {
      guardrails: [
        { id: 'no-orders', host: 'hostile.mcp.test', port: null, methods: [], paths: [], reason: 'No.', line: 1 },
      ],
    },
  ],
])('a guardrail %s forbids a call', async (_what, guardrails) => {
  await mcp.apply(guardrails);
  const before = mcp.hostile.called.length;
  await expect(call('hostile', 'orders')).rejects.toMatchObject({
    ...{ code: 'ProxyRefused', message: expect.stringContaining('guardrail no-orders') },
  });
  expect(mcp.hostile.called.slice(before)).toEqual([]);
  const events = await mcp.world.events(S1, 1, ({ code }) => code === 'guardrail');
  expect(new Set(events.map(({ outcome, rule }) => `${outcome} by ${rule}`))).toEqual(
    new Set(['blocked by no-orders']),
  );
});

test.each<[string, CredentialUse, string]>([
  ['a header', { kind: 'header', name: 'x-key', prefix: 'Key ' }, `x-key: Key ${SECRET}`],
  ['the query', { kind: 'query', name: 'api_key' }, `POST /mcp?api_key=${encodeURIComponent(SECRET)} HTTP/1.1`],
  ['a name and a password', { kind: 'basic' }, `Basic ${Buffer.from(`user:${SECRET}`).toString('base64')}`],
])('a credential in %s is attached to every message', async (_what, credential, expected) => {
  await mcp.apply({ connections: mcp.servers.map((each) => ({ ...each, credential })) });
  mcp.origin.forget();
  const answer = await call('hostile', 'orders');
  expect(answer.isError).toBe(false);
  const received = mcp.origin.received('hostile.mcp.test');
  expect(received.toLowerCase().split(expected.toLowerCase()).length - 1).toBe(received.split('POST /mcp').length - 1);
});

test('a server that says very much in very small pieces fails its own call, at its greeting and in its answer', async () => {
  mcp.hostile.mood = 'large';
  await expect(call('hostile', 'orders')).rejects.toMatchObject({
    ...{ code: 'ServerFailed', message: 'The server says more at once than an MCP server may.' },
  });
  mcp.hostile.mood = 'well';
  const { text } = await call('hostile', 'pieces');
  expect(text).toMatch(/1000 pieces of the answer are none of MCP.*\n.*99000 pieces left out/);
});

test('a look at the list calls no tool', async () => {
  await expect(call('hostile', 'orders', {}, { look: true })).rejects.toMatchObject({
    code: 'ProxyRefused',
    message: expect.stringContaining('Outside a turn'),
  });
});

test('the sandbox itself does not reach the server with the credential', async () => {
  const before = mcp.everything.asked.length;
  const answer = await mcp.world.sandbox(S1).request('https://everything.mcp.test/mcp', { method: 'POST', body: '{}' });
  expect(answer.status).toBe(403);
  expect(answer.text).toContain('not_allowed');
  expect(mcp.everything.asked.slice(before)).toEqual([]);
});

test('a scope without the server does not reach it', async () => {
  await mcp.apply({ attached: { [SCOPE_2]: { connections: ['everything'] } } });
  await expect(call('everything', 'echo', { message: 'x' })).rejects.toMatchObject({ code: 'ProxyRefused' });
});

test('without a lease of that turn nothing is sent', async () => {
  await expect(call('everything', 'echo', {}, { turn: 2 })).rejects.toMatchObject({ code: 'lease_expired' });
  await expect(call('nobody', 'echo')).rejects.toMatchObject({ code: 'not_found' });
});

test('a private address that no rule opens is refused', async () => {
  const dialled = mcp.world.dialled.length;
  await expect(call('inside', 'orders')).rejects.toMatchObject({
    code: 'ProxyRefused',
    message: expect.stringContaining('address_denied'),
  });
  expect(mcp.world.dialled.slice(dialled)).toEqual([]);
});

test('a redirect to a private address is followed by nobody', async () => {
  const dialled = mcp.world.dialled.length;
  await expect(call('hostile', 'redirect')).rejects.toMatchObject({
    code: 'ServerRefused',
    message: expect.stringContaining('redirects'),
  });
  mcp.hostile.mood = 'redirect';
  const before = mcp.hostile.called.length;
  await expect(call('hostile', 'orders')).rejects.toMatchObject({ code: 'ServerRefused' });
  expect(mcp.hostile.called.slice(before)).toEqual([]);
  expect(new Set(mcp.world.dialled.slice(dialled))).toEqual(new Set([`127.0.0.1:${mcp.origin.port}`]));
  expect(mcp.origin.received('inside.mcp.test')).toBe('');
});

test('a server that is away, or does not accept the credential, is told as that', async () => {
  mcp.hostile.mood = 'refuse';
  await expect(call('hostile', 'orders')).rejects.toMatchObject({ code: 'ServerAway' });
  mcp.hostile.mood = 'unauthorized';
  await expect(call('hostile', 'orders')).rejects.toMatchObject({
    code: 'ServerRefused',
    message: expect.stringContaining('does not accept the credential'),
  });
});

test('ten megabytes come, and more than the bound is broken off', async () => {
  const { text } = await call('hostile', 'big');
  expect(text.length).toBeGreaterThan(10_000_000);
  await expect(call('hostile', 'huge')).rejects.toMatchObject({ code: 'AnswerTooLarge' });
  await until(() => mcp.hostile.open === 0, 'the end of the call');
}, 30_000);

test('what is no result, and a stream that breaks, are told as that', async () => {
  await expect(call('hostile', 'odd')).rejects.toMatchObject({ code: 'ServerFailed' });
  await expect(call('hostile', 'breaks')).rejects.toMatchObject({ code: 'ServerAway' });
});

test('an answer that is nested too deeply is told as that, and so is a server that asks all the time', async () => {
  await expect(call('hostile', 'deep')).rejects.toMatchObject({ code: 'ServerFailed' });
  await expect(call('hostile', 'asks')).rejects.toMatchObject({
    code: 'ServerFailed',
    message: expect.stringContaining('too many questions'),
  });
  await until(() => mcp.hostile.open === 0, 'the end of the call');
  expect(mcp.hostile.answers).toBeLessThanOrEqual(50);
});

test('endless progress ends with the time of a call, and silence earlier', async () => {
  const limits = { listMs: 5_000, silenceMs: 300, callMs: 1_500, maxBytes: 1_000_000 };
  const timed = (name: string, onProgress: (progress: string) => void) =>
    withServer(
      'https://hostile.mcp.test/mcp',
      (asked) =>
        mcp.world.control.askServer(
          { connection: 'hostile', url: 'https://hostile.mcp.test/mcp' },
          { sandbox: S1, turn: 1 },
          asked,
        ),
      { signal: never, limits },
      (open) => open.callTool({ name, arguments: {}, onProgress }),
    );
  const progress: string[] = [];
  await expect(timed('endless', (each) => progress.push(each))).rejects.toMatchObject({ code: 'NoAnswerInTime' });
  // Its words are nowhere.
  expect(progress.slice(0, 2)).toEqual(['1', '2']);
  await expect(timed('silent', () => {})).rejects.toMatchObject({ code: 'NoAnswerInTime' });
  await until(() => mcp.hostile.open === 0, 'the end of the calls');
});

test('a stop ends the call, and the server is told', async () => {
  const stop = new AbortController();
  const calling = call('hostile', 'endless', {}, { signal: stop.signal });
  await until(() => mcp.hostile.open === 1, 'the call');
  stop.abort(new Error('stopped'));
  await expect(calling).rejects.toThrow('stopped');
  await until(() => mcp.hostile.open === 0, 'the end of the call');
  expect(mcp.hostile.said).toContain('notifications/cancelled');
});

test('a change of the rules ends a call that they no longer allow', async () => {
  const calling = call('hostile', 'endless');
  const ended = expect(calling).rejects.toMatchObject({ name: 'McpError' });
  await until(() => mcp.hostile.open === 1, 'the call');
  const servers = mcp.servers.map((each) =>
    each.mcp ? { ...each, mcp: { ...each.mcp, tools: { allow: [{ pattern: 'big', line: 1 }], deny: [] } } } : each,
  );
  await mcp.apply({ connections: servers });
  await until(() => mcp.hostile.open === 0, 'the end of the call');
  await ended;
}, 20_000);

test('the end of the turn ends the call', async () => {
  const calling = call('hostile', 'silent');
  const ended = expect(calling).rejects.toMatchObject({ code: 'proxy_unreachable' });
  await until(() => mcp.hostile.open === 1, 'the call');
  await mcp.world.openLease(S1, SCOPE_1, 2);
  await until(() => mcp.hostile.open === 0, 'the end of the call');
  await ended;
}, 20_000);
