/** An MCP server with OAuth: the refresh token is exchanged in the proxy, against an authorization server that we did not write. */
import type { RequestListener } from 'node:http';
import { SESSION_LIMITS, withServer } from '../../../mcp/session.ts';
import { knownServers, OF_THE_FILE } from '../../../store/mcp-servers.ts';
import { createListServers } from '../../../workers/runner/list-servers.ts';
import { createHostileServer, tool } from '../../support/mcp/hostile-server.ts';
import { mcpConnection } from './support/mcp-world.ts';
import { ISSUER, startTokenWorld, type TokenWorld } from './support/token-world.ts';
import { S1, SCOPE_1, startWorld, type World } from './support/world.ts';

const URL_ = 'https://tools.mcp.test/mcp';
const OAUTH = {
  kind: 'oauth',
  tokenUrl: `${ISSUER}/token`,
  clientId: 'bellhop',
  scopes: [],
  clientAuth: 'basic',
} as const;
let tokens: TokenWorld;
let world: World;
const hostile = createHostileServer('https://elsewhere.test/');

/** Asks the server that issued a token whether it is good (RFC 7662), and then is the MCP server. */
const guarded: RequestListener = async (request, response) => {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  request.pause();
  const answer = await fetch(`${tokens.oidc.url}/token/introspection`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('api:api-secret').toString('base64')}` },
    body: new URLSearchParams({ token }),
  });
  if (!((await answer.json()) as { active: boolean }).active) return void response.writeHead(401).end();
  hostile.onRequest(request, response);
};

beforeAll(async () => {
  hostile.tools = [tool('orders')];
  tokens = await startTokenWorld({ more: { 'tools.mcp.test': guarded } });
  world = await startWorld({
    operator: {
      staticNames: new Map(tokens.hosts.map((host) => [host, { address: '127.0.0.1', port: tokens.origin.port }])),
      ceilings: [{ range: '127.0.0.0/8', ports: [tokens.origin.port] }],
      caBundles: [tokens.authority.pem],
    },
  });
  const connection = {
    ...mcpConnection('tools', URL_, [{ range: '127.0.0.1/32', port: tokens.origin.port }]),
    credential: OAUTH,
  };
  await world.apply({
    connections: [connection],
    attached: { [SCOPE_1]: { connections: ['tools'] } },
    secrets: { tools: tokens.secrets.person ?? '' },
  });
  await world.openLease(S1, SCOPE_1);
}, 60_000);
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await tokens?.[Symbol.asyncDispose]();
});
beforeEach(() => tokens.instead.clear());

const call = () =>
  withServer(
    URL_,
    (ask) => world.control.askServer({ connection: 'tools', url: URL_ }, { sandbox: S1, turn: 1 }, ask),
    { signal: new AbortController().signal, limits: SESSION_LIMITS },
    (session) => session.callTool({ name: 'orders', arguments: {}, onProgress: () => {} }),
  );

test('calls at once go with a token that is got once for the refresh token, which the server never sees', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, call));
  expect(answers.every(({ isError }) => !isError)).toBe(true);
  expect(tokens.asked('login.a.test', '/token')).toBe(1);
  const refreshTokens = await tokens.oidc.call<string[]>('refreshTokens');
  expect(refreshTokens.length).toBeGreaterThan(1);
  const received = tokens.origin.received('tools.mcp.test');
  expect(refreshTokens.filter((each) => received.includes(each))).toEqual([]);
}, 30_000);

test('the list is asked for in the same way', async () => {
  const { database } = world.database;
  const lists = createListServers({
    database,
    proxy: world.control,
    log: { warn: () => {} },
    stopping: new AbortController().signal,
  });
  await lists.look();
  await lists.idle();
  expect((await knownServers(database, ['tools'], OF_THE_FILE))[0]?.tools).toMatchObject([{ name: 'orders' }]);
}, 30_000);

test('a server that refuses a fresh token too is told with what to do', async () => {
  tokens.instead.set('tools.mcp.test', (request, response) => {
    request.resume();
    response.writeHead(401).end();
  });
  await expect(call()).rejects.toMatchObject({
    ...{ code: 'ServerRefused', status: 401, message: expect.stringContaining('has to be entered anew') },
  });
}, 30_000);

test('a login that is away, and a refresh token that is refused, are told clearly', async () => {
  await world.restart();
  await world.openLease(S1, SCOPE_1, 2);
  const second = () =>
    withServer(
      URL_,
      (ask) => world.control.askServer({ connection: 'tools', url: URL_ }, { sandbox: S1, turn: 2 }, ask),
      { signal: new AbortController().signal, limits: SESSION_LIMITS },
      (session) => session.listTools(),
    );
  const answered = (status: number, body: unknown) =>
    tokens.instead.set('login.a.test', (request, response) => {
      request.resume();
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  answered(503, {});
  await expect(second()).rejects.toMatchObject({ message: expect.stringContaining('inject_failed') });
  answered(400, { error: 'invalid_grant' });
  await expect(second()).rejects.toMatchObject({ message: expect.stringMatching(/inject_failed/) });
}, 30_000);
