/** What a person has granted by OAuth, in requests of their sandbox: through a real proxy, renewed at `oidc-provider`. */
import type { Connection } from '../../../access/document.ts';
import type { PeopleAccess } from '../../../access/people-access.ts';
import { clientIdOf, grantedConnection, isByOAuth } from '../../../access/personal-access.ts';
import { bindingOf } from '../../../credentials/binding.ts';
import { seal } from '../../../credentials/seal.ts';
import { grantedTokensText } from '../../../credentials/secret-forms.ts';
import { nextPersonalVersion, putPersonalConnection } from '../../../store/personal-connections.ts';
import { fileOf } from '../../support/access-yaml.ts';
import { type Origin, startOrigin } from './support/origin.ts';
import { createTestAuthority } from './support/test-authority.ts';
import { type ServerProcess, startServerProcess } from './support/token-servers/server-process.ts';
import { startWorld, type World } from './support/world.ts';

const ISSUER = 'https://login.a.test';
const CLIENT_SECRET = 'canary-client-secret-2Lx8';
const TEAM = 'T1';
const ADA = 'person:T1:UADA';
const CHANNEL = 'channel:T1:C1';
const API = `${ISSUER}/api/v4/version`;

let world: World;
let oidc: ServerProcess;
let origin: Origin;
let people: PeopleAccess;
let client: Connection;
let isAway = false;
const authorizations: string[] = [];

beforeAll(async () => {
  oidc = await startServerProcess('login', {
    ...{ issuer: ISSUER, clientSecret: CLIENT_SECRET, life: 600, redirectUris: ['https://b.test/'] },
  });
  const authority = await createTestAuthority();
  origin = await startOrigin({
    authority,
    hosts: ['login.a.test'],
    onRequest(request, response) {
      if (request.url?.startsWith('/api/')) authorizations.push(request.headers.authorization ?? 'none');
      if (isAway && request.url === '/token') response.writeHead(503).end('away');
      else oidc.front(request, response);
    },
  });
  const { port } = origin;
  world = await startWorld({
    operator: {
      staticNames: new Map([['login.a.test', { address: '127.0.0.1', port }]]),
      ceilings: [{ range: '127.0.0.0/8', ports: [port] }],
      caBundles: [authority.pem],
    },
  });
  const file = fileOf(
    [
      'people:',
      '  offer:',
      `    - { preset: gitlab, host: login.a.test, addresses: ["127.0.0.1/32:${port}"], oauth: { client-id: bellhop, token-url: "${ISSUER}/token" } }`,
      '',
    ].join('\n'),
  );
  if (!file.people) throw new Error('nothing is offered');
  ({ people } = file);
  const [found] = file.connections;
  if (found?.id !== clientIdOf('gitlab')) throw new Error('the client is no connection');
  client = { ...found, ca: null, credentialVersion: 0 };
}, 60_000);
beforeEach(async () => {
  isAway = false;
  authorizations.splice(0);
  await world.database.database.query('delete from personal_connection');
  await world.apply({ people, connections: [client], secrets: { [client.id]: CLIENT_SECRET } });
  await openLeases();
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await origin?.[Symbol.asyncDispose]();
  await oidc?.[Symbol.asyncDispose]();
});

let turn = 0;
async function openLeases(): Promise<void> {
  turn += 1;
  await world.openLease('ada', ADA, turn);
  await world.openLease('team', CHANNEL, turn);
}

/** As Ada has it whose access token has come to its end. */
async function connect(): Promise<void> {
  const { database } = world.database;
  const [offer] = people.offers;
  if (!offer || !isByOAuth(offer)) throw new Error('it is not offered');
  const version = await nextPersonalVersion(database);
  const refreshToken = await oidc.call<string>('refreshToken', 'ada');
  const tokens = grantedTokensText({ accessToken: 'ended', refreshToken, expiresAt: Date.now() - 1_000 });
  await putPersonalConnection(database, {
    ...{ team: TEAM, person: 'UADA', connection: 'gitlab', version, expiresAt: null, way: 'oauth' },
    keyId: world.keys.publicKey.id,
    sealed: await seal(world.keys.publicKey, bindingOf(grantedConnection(offer, ADA, version)), tokens),
  });
}

const ask = async (sandbox = 'ada') => {
  const { status, error } = await world.sandbox(sandbox).request(API);
  return { status, code: error?.code ?? null, message: String(error?.message ?? '') };
};
const tokenRequests = () => oidc.call<number>('asked', '/token');

test('fifty requests at once renew once, and all are sent with the new token', async () => {
  await connect();
  const before = await tokenRequests();
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask()));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect((await tokenRequests()) - before).toBe(1);
  expect(new Set(authorizations).size).toBe(1);
  expect(authorizations[0]).toMatch(/^Bearer (?!ended)/);
  expect(await ask('team')).toMatchObject({ status: 403, code: 'not_allowed' });
  // Another proxy, or this one after a restart, uses the token that is stored.
  await world.restart();
  await openLeases();
  expect(await ask()).toMatchObject({ status: 200 });
  expect((await tokenRequests()) - before).toBe(1);
}, 60_000);

test('a service that is away, and one that has ended the grant, are said to the sandbox, and noted', async () => {
  await connect();
  isAway = true;
  expect(await ask()).toMatchObject({ status: 502, code: 'inject_failed', message: expect.stringMatching(/http_503/) });
  isAway = false;
  await connect();
  await oidc.call('endGrants');
  const noted = async () =>
    (await world.database.database.query('select refused_at is not null as ended, generation from personal_connection'))
      .rows;
  expect(await ask()).toMatchObject({
    ...{ status: 502, code: 'inject_failed' },
    message: expect.stringMatching(/does not renew what was granted, so its owner has to connect it again/),
  });
  expect(await noted()).toEqual([{ ended: true, generation: 0 }]);
}, 60_000);

test('what is removed is gone for the next request, and a row moved to another person opens for nobody', async () => {
  await connect();
  expect(await ask()).toMatchObject({ status: 200 });
  await world.database.database.query("update personal_connection set person = 'ULINUS'");
  await world.openLease('linus', 'person:T1:ULINUS');
  expect(await ask('linus')).toMatchObject({ status: 502, code: 'inject_failed' });
  expect(await ask()).toMatchObject({ status: 403, code: 'not_allowed' });
  await world.database.database.query('delete from personal_connection');
  expect(await ask()).toMatchObject({ status: 403, code: 'not_allowed' });
}, 60_000);
