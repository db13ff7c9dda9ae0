import { once } from 'node:events';
import { until } from '../../../support/until.ts';
import { startMintingWorld, tracesOf } from '../support/minting-world.ts';
import { startTokenWorld, type TokenWorld } from '../support/token-world.ts';
import { S1, S2, SCOPE_1, type World } from '../support/world.ts';

let tokens: TokenWorld;
let world: World;

beforeAll(async () => {
  tokens = await startTokenWorld();
});
afterAll(() => tokens?.[Symbol.asyncDispose]());

beforeEach(async () => {
  ({ world } = await startMintingWorld(tokens));
});
afterEach(() => world[Symbol.asyncDispose]());

const ask = (url: string, options: Parameters<ReturnType<World['sandbox']>['request']>[1] = {}, sandbox = S1) =>
  world.sandbox(sandbox).request(url, options);

test('a 401 brings another token, and the request is sent again with it', async () => {
  await ask('https://client.a.test/x');
  await tokens.oidc.call('endAllTokens');
  const { status } = await ask('https://client.a.test/x', { method: 'POST', body: 'a small body' });
  expect(status).toBe(200);
  expect(tokens.asked('login.a.test')).toBe(2);
  expect(tokens.asked('client.a.test')).toBe(3);
  const events = await world.events(S1, 2);
  expect(events.map(({ outcome, status: answered }) => `${outcome} ${answered}`)).toEqual([
    'injected 200',
    'injected 200',
  ]);
});

test('after a 401 to a request that cannot be sent again, the next request gets another token', async () => {
  await ask('https://client.a.test/x');
  await tokens.oidc.call('endAllTokens');
  const { status } = await ask('https://client.a.test/x', { method: 'POST', body: 'x'.repeat(300_000) });
  expect(status).toBe(401);
  expect((await ask('https://client.a.test/x')).status).toBe(200);
  expect(tokens.asked('login.a.test')).toBe(2);
});

test('a host that refuses every token does not make each request mint one', async () => {
  tokens.instead.set('client.a.test', (request, response) => {
    request.resume();
    response.writeHead(401).end();
  });
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask('https://client.a.test/x')));
  for (let i = 0; i < 5; i += 1) answers.push(await ask('https://client.a.test/x'));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
  expect(tokens.asked('login.a.test')).toBe(2);
});

test('the error of a token endpoint reaches the sandbox as its code, with the name of the connection', async () => {
  const SAID = 'a description that may hold secrets';
  tokens.instead.set('login.a.test', (request, response) => {
    request.resume();
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: 'invalid_scope', error_description: SAID, error_uri: 'https://x.test' }));
  });
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask('https://client.a.test/x')));
  answers.push(await ask('https://client.a.test/x'));
  for (const { status, error } of answers) {
    expect({ status, code: error?.code, connection: error?.connection, message: error?.message }).toEqual({
      status: 502,
      code: 'inject_failed',
      connection: 'client',
      message: 'Connection client cannot be used: no token was issued (invalid_scope).',
    });
  }
  expect(tokens.asked('login.a.test')).toBeLessThan(3);
  expect(tokens.asked('client.a.test')).toBe(0);
  expect((await world.events(S1, 11)).map(({ outcome, code }) => `${outcome} ${code}`)).toEqual(
    Array(11).fill('blocked inject_failed'),
  );
  expect(await tracesOf(world)).not.toContain(SAID);
});

test('a token endpoint that redirects is a failure', async () => {
  tokens.instead.set('login.a.test', (request, response) => {
    request.resume();
    response.writeHead(307, { location: 'https://client.a.test/token' });
    response.end();
  });
  expect((await ask('https://client.a.test/x')).error?.message).toMatch(/\(redirected\)/);
  expect(tokens.asked('client.a.test')).toBe(0);
});

test('a client that goes away ends its wait for a token, and the others get theirs', async () => {
  const held = Promise.withResolvers<void>();
  tokens.instead.set('login.a.test', (request, response) => {
    void held.promise.then(() => tokens.oidc.front(request, response));
  });
  const leaving = await world.sandbox(S1).tunnel('client.a.test:443');
  leaving.write('GET /left HTTP/1.1\r\nHost: client.a.test\r\n\r\n');
  const staying = ask('https://client.a.test/stayed');
  await until(() => tokens.asked('login.a.test') === 1, 'the token endpoint is asked');
  leaving.destroy();
  const [event] = await world.events(S1, 1, (each) => each.path === '/left');
  expect(event).toMatchObject({ outcome: 'blocked', code: 'client_abort', status: null, connection: 'client' });
  held.resolve();
  expect((await staying).status).toBe(200);
  expect(tokens.asked('login.a.test')).toBe(1);
});

test('a connection that is taken away while its token is fetched is not used any more', async () => {
  const held = Promise.withResolvers<void>();
  tokens.instead.set('login.a.test', (request, response) => {
    void held.promise.then(() => tokens.oidc.front(request, response));
  });
  const waiting = ask('https://client.a.test/x');
  await until(() => tokens.asked('login.a.test') === 1, 'the token endpoint is asked');
  await world.apply({ attached: { [SCOPE_1]: {} } });
  held.resolve();
  expect((await waiting).error).toMatchObject({ code: 'policy_changed' });
  expect(tokens.asked('client.a.test')).toBe(0);
});

test('the end of a turn ends the wait for a token, and nothing is sent afterwards', async () => {
  const held = Promise.withResolvers<void>();
  tokens.instead.set('login.a.test', (request, response) => {
    void held.promise.then(() => tokens.oidc.front(request, response));
  });
  const waiting = await world.sandbox(S1).tunnel('client.a.test:443');
  waiting.write('GET /left HTTP/1.1\r\nHost: client.a.test\r\n\r\n');
  await until(() => tokens.asked('login.a.test') === 1, 'the token endpoint is asked');
  const closed = once(waiting, 'close');
  world.stopBeating(S1);
  await world.control.closeLease(S1, 1);
  await closed;
  // The event is there while the endpoint has still not answered.
  const [event] = await world.events(S1, 1);
  expect(event).toMatchObject({ outcome: 'blocked', path: '/left', code: 'lease_ended' });
  held.resolve();
  // The same token comes for another scope. Only its request is sent.
  expect((await ask('https://client.a.test/other', {}, S2)).status).toBe(200);
  expect([tokens.asked('client.a.test', '/other'), tokens.asked('client.a.test')]).toEqual([1, 1]);
});
