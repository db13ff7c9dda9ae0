/** A person grants a token for an MCP server: discovery, registration, grant, list, call and renewal, at a login that we did not write. */
import type { RequestListener } from 'node:http';
import type { PeopleAccess } from '../../../access/people-access.ts';
import { grantedConnection, isByOAuth } from '../../../access/personal-access.ts';
import { bindingOf } from '../../../credentials/binding.ts';
import { open } from '../../../credentials/open.ts';
import { grantedTokensOf } from '../../../credentials/secret-forms.ts';
import { withServer } from '../../../mcp/session.ts';
import { createConfirmation } from '../../../slack/personal/confirm-grant.ts';
import { knownServers } from '../../../store/mcp-servers.ts';
import { createGrantDoor } from '../../../workers/gateway/begin-grant.ts';
import { readCallbackAddress } from '../../../workers/gateway/callback-address.ts';
import { createTakeCallback } from '../../../workers/gateway/take-callback.ts';
import { createListServers } from '../../../workers/runner/list-servers.ts';
import { fileOf } from '../../support/access-yaml.ts';
import { type AccountsServer, createAccountsServer } from '../../support/mcp/accounts-server.ts';
import { createOAuthBrowser } from '../../support/oauth-browser.ts';
import { until } from '../../support/until.ts';
import { type Origin, startOrigin } from './support/origin.ts';
import { createTestAuthority } from './support/test-authority.ts';
import { type ServerProcess, startServerProcess } from './support/token-servers/server-process.ts';
import { startWorld, type World } from './support/world.ts';

const ISSUER = 'https://login.a.test';
const URL_ = 'https://notes.mcp.test/mcp';
const METADATA = '/.well-known/oauth-protected-resource/mcp';
const PUBLIC = 'https://bellhop.a.test';
const ADA = { team: 'T1', person: 'UADA' };
const OWNER = 'person:T1:UADA' as const;

let world: World;
let origin: Origin;
let oidc: ServerProcess;
let people: PeopleAccess;
let port: number;
let resource: unknown;
/** What stands in front of the login, when a test says so. */
let instead: RequestListener | null = null;
/** Whom the login names for a token, by the whole header; and for which resource it is. */
const accounts = new Map<string, string>();
const audiences = new Set<unknown>();
const tokenRequests: URLSearchParams[] = [];
/** Method, host and path of every request. */
let asked: string[] = [];
let server: AccountsServer;

const offerWith = (oauth: string) => `people:
  offer:
    - { mcp: notes, url: "${URL_}", tools: { allow: ["*"] }, addresses: ["127.0.0.1/32:${port}"]${oauth} }
`;

const onRequest: RequestListener = async (request, response) => {
  asked.push(`${request.method} ${String(request.headers.host).split(':')[0]}${request.url}`);
  if (request.headers.host?.startsWith('login')) {
    if (instead) return instead(request, response);
    if (request.url === '/token') {
      request.on('data', (chunk: Buffer) => void tokenRequests.push(new URLSearchParams(String(chunk))));
    }
    return oidc.front(request, response);
  }
  if (request.url === METADATA) {
    return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(resource));
  }
  request.pause();
  const { authorization = '' } = request.headers;
  const found = await fetch(`${oidc.url}/api/v4/user`, { headers: { authorization } });
  const { username, audience } = (await found.json()) as { username: string | null; audience: unknown };
  if (found.ok && username && audience === URL_) accounts.set(authorization, username);
  if (username) audiences.add(audience);
  return server.onRequest(request, response);
};

beforeAll(async () => {
  oidc = await startServerProcess('login', {
    ...{ issuer: ISSUER, life: 8, resource: URL_, redirectUris: [`${PUBLIC}/oauth/callback/notes`] },
  });
  const authority = await createTestAuthority();
  server = createAccountsServer(accounts);
  const hosts = ['login.a.test', 'notes.mcp.test'];
  origin = await startOrigin({ authority, hosts, onRequest });
  ({ port } = origin);
  world = await startWorld({
    operator: {
      staticNames: new Map(hosts.map((host) => [host, { address: '127.0.0.1', port }])),
      ceilings: [{ range: '127.0.0.0/8', ports: [port] }],
      caBundles: [authority.pem],
    },
  });
  await world.database.database.query(`insert into installation (id, public_key, key_id) values ('test', $1, $2)`, [
    Buffer.from(world.keys.publicKey.bytes).toString('base64'),
    world.keys.publicKey.id,
  ]);
}, 60_000);
beforeEach(async () => {
  resource = { resource: URL_, authorization_servers: [ISSUER], scopes_supported: ['api'] };
  instead = null;
  asked = [];
  await offer('');
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await origin?.[Symbol.asyncDispose]();
  await oidc?.[Symbol.asyncDispose]();
});

async function offer(oauth: string): Promise<void> {
  const found = fileOf(offerWith(oauth)).people;
  if (!found) throw new Error('nothing is offered');
  people = found;
  await world.apply({ people });
}

const problem = async (redirectUri?: string) =>
  await world.control.discover('notes', { redirectUri }).then(
    () => 'none',
    (error: Error) => error.message,
  );

/** What the login says of itself, and what it answers to a registration. */
function metadata(more: object, client?: object): void {
  instead = ({ method, url = '' }, response) => {
    const type = { 'content-type': 'application/json' };
    if (method === 'POST') return void response.writeHead(client ? 201 : 400, type).end(JSON.stringify(client ?? {}));
    const issuer = url.endsWith('/two') ? `${ISSUER}/two` : ISSUER;
    response.writeHead(200, type).end(
      JSON.stringify({
        ...{ issuer, authorization_endpoint: `${ISSUER}/a`, token_endpoint: `${ISSUER}/t` },
        ...{ code_challenge_methods_supported: ['S256'], ...more },
      }),
    );
  };
}

test('what is put into the file as it was discovered lets a person connect, list, call and renew', async () => {
  const found = await world.control.discover('notes', { redirectUri: `${PUBLIC}/oauth/callback/notes` });
  expect(found).toMatchObject({
    ...{ issuer: ISSUER, authorizeUrl: `${ISSUER}/auth`, tokenUrl: `${ISSUER}/token`, namesIssuer: true },
    ...{ scopes: ['api'], registersClients: true, clientId: expect.stringMatching(/.+/) },
  });
  await offer(
    `, oauth: { client-id: "${found.clientId}", issuer: "${ISSUER}", names-issuer: true, authorize-url: "${found.authorizeUrl}", token-url: "${found.tokenUrl}", scopes: [api] }`,
  );
  const { database } = world.database;
  const callback = readCallbackAddress(PUBLIC, undefined);
  const [offered] = people.offers;
  if (!callback || !offered || !isByOAuth(offered)) throw new Error('it is not offered by OAuth');
  const offers = async () => people.offers;
  const link = await createGrantDoor(database, callback).browser(ADA, offered, null);
  expect(new URL(link).searchParams.get('resource')).toBe(URL_);
  const landed = await createOAuthBrowser('ada', { 'login.a.test': oidc.url }).open(link);
  expect(landed.url).toContain(`${PUBLIC}/oauth/callback/notes?`);
  const page = await createTakeCallback({ database, callback, offers })('notes', new URL(landed.url).search.slice(1));
  if (page.kind !== 'proof') throw new Error(page.kind);
  world.proxy.servePeople();
  const state = async () => (await database.query('select state, version, failure from personal_grant')).rows[0];
  await until(async () => ['granted', 'failed'].includes((await state())?.state), 'the exchange', 15_000);
  expect(await state()).toMatchObject({ state: 'granted' });
  const confirmation = createConfirmation({ database, offers, whyNot: async () => null });
  const { connected } = await confirmation.submitted(
    ADA,
    { connection: 'notes', version: (await state())?.version },
    page.proof,
  );
  expect(connected?.offer.name).toBe('notes');

  const lists = createListServers({
    ...{ database, proxy: world.control, log: { warn: () => {} }, stopping: new AbortController().signal },
  });
  await lists.lookAtPeople();
  await lists.idle();
  const [known] = await knownServers(database, ['personal/notes'], OWNER);
  expect(known).toMatchObject({ problem: null, tools: [{ name: 'whoami' }, { name: 'notes_of_ada' }] });

  await world.openLease('ada', OWNER);
  const answer = await withServer(
    URL_,
    (ask) => world.control.askServer({ connection: 'personal/notes', url: URL_ }, { sandbox: 'ada', turn: 1 }, ask),
    { signal: new AbortController().signal, limits: { listMs: 9_000, silenceMs: 9_000, callMs: 9_000, maxBytes: 1e6 } },
    (session) => session.callTool({ name: 'whoami', arguments: {}, onProgress: () => {} }),
  );
  expect(JSON.stringify(answer)).toContain('whoami for ada');
  // The token of the login lives for less than the margin, so it was renewed before the first use: for this resource again.
  expect(tokenRequests.map((each) => each.get('grant_type'))).toEqual(['authorization_code', 'refresh_token']);
  expect(tokenRequests.every((each) => each.get('resource') === URL_)).toBe(true);
  expect([...audiences]).toEqual([URL_]);

  const { rows } = await database.query<{ version: number; sealed: Buffer }>('select * from personal_connection');
  const [row] = rows;
  if (!row) throw new Error('nothing is connected');
  const text = await open(world.keys, bindingOf(grantedConnection(offered, OWNER, row.version)), row.sealed);
  expect('value' in grantedTokensOf(text)).toBe(true);
  // For another address of the same host the tokens are another connection's.
  const moved = { ...offered, oauth: { ...offered.oauth, resource: 'https://notes.mcp.test/other' } };
  await expect(open(world.keys, bindingOf(grantedConnection(moved, OWNER, row.version)), row.sealed)).rejects.toThrow();
}, 60_000);

test('metadata of a server that is not about it, or leads elsewhere, is refused with what is wrong', async () => {
  resource = { resource: 'https://other.mcp.test/mcp', authorization_servers: [ISSUER] };
  expect(await problem()).toMatch(/notes: the metadata of the server/);
  resource = { resource: URL_ };
  expect(await problem()).toMatch(/names no authorization server/);
  resource = { resource: URL_, authorization_servers: ['http://login.a.test'] };
  expect(await problem()).toMatch(/no https address/);
  // The address of the inside is nobody's to dial but by the operator's word.
  resource = { resource: URL_, authorization_servers: ['https://169.254.169.254'] };
  expect(await problem()).not.toBe('none');
  resource = { resource: URL_, authorization_servers: [ISSUER] };
  metadata({});
  expect(await problem()).toBe('none');
  metadata({ issuer: 'https://evil.test' });
  expect(await problem()).toMatch(/metadata of login\.a\.test/);
  metadata({ code_challenge_methods_supported: ['plain'] });
  expect(await problem()).toMatch(/no PKCE/);
  metadata({ token_endpoint: 'http://login.a.test/t' });
  expect(await problem()).toMatch(/not https/);
  metadata({});
  expect(await problem(`${PUBLIC}/oauth/callback/notes`)).toMatch(/register one by hand/);
  instead = (_, response) => void response.writeHead(302, { location: 'https://evil.test/' }).end();
  expect(await problem()).not.toBe('none');
  await expect(world.control.discover('nothing', {})).rejects.toMatchObject({ code: 'not_found' });
}, 60_000);

test('text that a terminal or YAML would obey is refused wherever it stands', async () => {
  const control = `${ISSUER}/\u001b[2K`;
  for (const address of [control, `${ISSUER}/\u202ea`, `${ISSUER}/a\n`, `${ISSUER}/a\n  names-issuer: false`]) {
    for (const key of ['authorization_endpoint', 'token_endpoint', 'device_authorization_endpoint']) {
      metadata({ [key]: address });
      expect(await problem()).toBe(`notes: ${ISSUER} names an address that is not https, or not a plain URL`);
    }
  }
  // A URL parser takes these for the address that was asked for.
  for (const issuer of [`${ISSUER}\n`, `\u001b${ISSUER}`, 'https://login.a\n.test', 'https://LOGIN.a.test']) {
    metadata({ issuer });
    expect(await problem()).toBe('notes: the issuer that login.a.test names is not a plain https URL');
  }
  resource = { resource: URL_, authorization_servers: [`${ISSUER}#`] };
  metadata({ issuer: `${ISSUER}#` });
  expect(await problem()).toMatch(/not a plain https URL/);
  resource = { resource: URL_, authorization_servers: [ISSUER] };
  metadata({ registration_endpoint: `${ISSUER}/register` }, { client_id: 'c1\n  issuer: https://evil.test' });
  expect(await problem(`${PUBLIC}/oauth/callback/notes`)).toMatch(/registered a client with an id that cannot be/);
  metadata({});
  for (const scope of ['api\u001b[2K', 'api\ntoken-url: https://evil.test', 'two words', 7]) {
    resource = { resource: URL_, authorization_servers: [ISSUER], scopes_supported: [scope] };
    expect(await problem()).toBe('notes: the metadata of the server has no list of words as scopes_supported');
  }
  resource = { resource: URL_, authorization_servers: 7 };
  expect(await problem()).toBe('notes: the metadata of the server has no list of words as authorization_servers');
  resource = { resource: URL_, authorization_servers: [ISSUER] };
  metadata({ token_endpoint: 7 });
  expect(await problem()).toMatch(/not https/);
  metadata({ code_challenge_methods_supported: null });
  expect(await problem()).toMatch(/no PKCE/);
}, 60_000);

test('a client is registered only where everything else is in order, and nowhere else when that fails', async () => {
  const callback = `${PUBLIC}/oauth/callback/notes`;
  const posts = () => asked.filter((each) => each.startsWith('POST'));
  const registration = { registration_endpoint: `${ISSUER}/register` };
  for (const more of [
    { code_challenge_methods_supported: ['plain'] },
    { token_endpoint: 'http://login.a.test/t' },
    { authorization_endpoint: undefined },
  ]) {
    metadata({ ...registration, ...more });
    expect(await problem(callback)).not.toBe('none');
  }
  expect(posts()).toEqual([]);
  resource = { resource: URL_, authorization_servers: [ISSUER, `${ISSUER}/two`] };
  metadata(registration);
  expect(await problem(callback)).toMatch(/registered no client/);
  expect(posts()).toEqual(['POST login.a.test/register']);
  // Nor at a second one that an administrator has not seen, when the first is not in order.
  resource = { resource: URL_, authorization_servers: [`${ISSUER}/one`, `${ISSUER}/two`] };
  expect(await problem(callback)).toMatch(/metadata of login\.a\.test/);
  expect(posts()).toHaveLength(1);
  expect(await world.control.discover('notes', {})).toMatchObject({ issuer: `${ISSUER}/two`, registersClients: false });
}, 60_000);

test('a registration at another host than the authorization server is not sent', async () => {
  for (const other of ['https://notes.mcp.test/register', 'https://login.a.test:8443/register', `${ISSUER}/\u001b`]) {
    metadata({ registration_endpoint: other });
    expect(await world.control.discover('notes', {})).toMatchObject({ registersClients: false });
    expect(await problem(`${PUBLIC}/oauth/callback/notes`)).toBe(
      `notes: ${ISSUER} registers clients at an address that is not its own: register one by hand`,
    );
  }
  expect(asked.filter((each) => each.startsWith('POST'))).toEqual([]);
}, 60_000);
