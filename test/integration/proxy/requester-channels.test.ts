/** The matrix of principal × place × connection in channels, through a real proxy to a real origin. */
import type http from 'node:http';
import type { PeopleAccess } from '../../../access/people-access.ts';
import { personalConnection } from '../../../access/personal-access.ts';
import type { LeaseRequest } from '../../../contracts/egress.ts';
import type { Principal, ScopeKey } from '../../../contracts/scope.ts';
import { bindingOf } from '../../../credentials/binding.ts';
import { seal } from '../../../credentials/seal.ts';
import { decideOwnUse, type OwnUseDecision } from '../../../store/own-uses.ts';
import { nextPersonalVersion, putPersonalConnection } from '../../../store/personal-connections.ts';
import { ensureSession } from '../../../store/sessions.ts';
import { guardrail } from '../../support/access-document.ts';
import { fileOf } from '../../support/access-yaml.ts';
import { type Origin, startOrigin } from './support/origin.ts';
import { createTestAuthority } from './support/test-authority.ts';
import { connection, leaseOf, SECRET, sessionOf, startWorld, type World, type WorldPolicy } from './support/world.ts';

const TEAM = 'T1';
const MINE: ScopeKey = 'channel:T1:CMINE';
const OURS: ScopeKey = 'channel:T1:COURS';
const ADA = 'person:T1:UADA';
const GRACE = 'person:T1:UGRACE';
const TOKENS = { UADA: 'ada-canary-0123456789', UGRACE: 'grace-canary-987654321' } as const;
const GIT = 'https://git.acme.test/api/v1/repos/acme/shop';
const TEAM_API = 'https://api.acme.test/v1/signups';

let world: World;
let origin: Origin;
let policy: WorldPolicy & { readonly people: PeopleAccess };
let turn = 0;
const seen: { authorization: string; from: string; url: string }[] = [];

const answer: http.RequestListener = (request, response) => {
  const { authorization = '', host = '' } = request.headers;
  seen.push({ authorization, from: `${request.socket.remotePort}`, url: `${host}${request.url}` });
  response.setHeader('content-type', 'application/json');
  response.end(request.url === '/api/v1/user' ? JSON.stringify({ id: 7, login: 'ada', full_name: 'Ada L' }) : '{}');
};

const basic = (token: string): string => `Basic ${Buffer.from(`me:${token}`).toString('base64')}`;

async function connect(person: keyof typeof TOKENS): Promise<void> {
  const [offer] = policy.people.offers;
  if (!offer) throw new Error('nothing is offered');
  const version = await nextPersonalVersion(world.database.database);
  const own = personalConnection(offer, `person:${TEAM}:${person}`, version);
  await putPersonalConnection(world.database.database, {
    ...{ team: TEAM, person, connection: 'gitea', version, keyId: world.keys.publicKey.id, expiresAt: null },
    sealed: await seal(world.keys.publicKey, bindingOf(own), `me:${TOKENS[person]}`),
  });
}

/** A turn that begins in a sandbox, as the runner opens its way out. */
async function begin(
  sandbox: string,
  { scope, principal, requester }: Pick<LeaseRequest, 'scope' | 'requester'> & { principal: string },
): Promise<number> {
  turn += 1;
  await world.control.ensureListener(sandbox, process.getuid?.() ?? 0);
  const lease = leaseOf(sandbox, scope, turn);
  await world.control.openLease({ ...lease, principal: principal as Principal, requester });
  return turn;
}

async function ask(sandbox: string, url: string, method = 'GET'): Promise<string> {
  const { status, error } = await world.sandbox(sandbox).request(url, { method });
  return error ? `${status} ${error.code}` : `${status}`;
}

async function allow(sandbox: string, person: string, decision: OwnUseDecision, ofTurn: number): Promise<void> {
  const { database } = world.database;
  const session = sessionOf(sandbox);
  await ensureSession(database, { id: session, scope: OURS, principal: `agent@${OURS}`, permalink: null });
  await decideOwnUse(database, { session, turn: ofTurn, person, connection: 'gitea', decision });
}

beforeAll(async () => {
  const authority = await createTestAuthority();
  const hosts = ['api.acme.test', 'git.acme.test'];
  origin = await startOrigin({ authority, hosts, onRequest: answer });
  const { port } = origin;
  world = await startWorld({
    operator: {
      staticNames: new Map(hosts.map((host) => [host, { address: '127.0.0.1', port }])),
      ceilings: [{ range: '127.0.0.0/8', ports: [port] }],
      caBundles: [authority.pem],
    },
  });
  const { people } = fileOf(
    `people: { offer: [{ preset: gitea, host: git.acme.test, addresses: ["127.0.0.1/32:${port}"] }], in-channels: ask }\n`,
  );
  if (!people) throw new Error('nothing is offered');
  policy = {
    people,
    connections: [connection('team-api', 'api.acme.test', { addresses: [{ range: '127.0.0.1/32', port }] })],
    attached: {
      organization: { connections: ['team-api'] },
      [MINE]: { identity: 'requester', personal: ['gitea'] },
      [OURS]: {},
    },
    guardrails: [guardrail('no-deletes', '*', { methods: ['DELETE'] })],
  };
}, 30_000);

beforeEach(async () => {
  seen.splice(0);
  await world.database.database.query('delete from personal_connection');
  await world.database.database.query('delete from own_use');
  await world.apply(policy);
  await connect('UADA');
  await connect('UGRACE');
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await origin?.[Symbol.asyncDispose]();
});

test.each([
  ["Ada's turn in her session", MINE, ADA, 'UADA', GIT, 'GET', '200'],
  ["Ada's turn, with the connection of the organization", MINE, ADA, 'UADA', TEAM_API, 'GET', '403 not_allowed'],
  ["Ada's turn, against a guardrail", MINE, ADA, 'UADA', GIT, 'DELETE', '403 guardrail'],
  ["a turn that Grace began in Ada's session", MINE, ADA, 'UGRACE', GIT, 'GET', '403 not_allowed'],
  ["a turn that a schedule began in Ada's session", MINE, ADA, 'schedule:monday', GIT, 'GET', '403 not_allowed'],
  ["a turn that a bot began in Ada's session", MINE, ADA, 'B0WEBHOOK', GIT, 'GET', '403 not_allowed'],
  ['a schedule in the channel', MINE, `agent@${MINE}`, 'schedule:monday', GIT, 'GET', '403 not_allowed'],
  [
    'a schedule in the channel, with the organization’s',
    MINE,
    `agent@${MINE}`,
    'schedule:monday',
    TEAM_API,
    'GET',
    '403 not_allowed',
  ],
  ["Ada's name in a channel of an agent", OURS, ADA, 'UADA', GIT, 'GET', '403 not_allowed'],
  ["Ada's name in a channel of an agent, with the channel's", OURS, ADA, 'UADA', TEAM_API, 'GET', '403 not_allowed'],
  ['the agent, asked by Ada', OURS, `agent@${OURS}`, 'UADA', GIT, 'GET', '403 not_allowed'],
  ['the agent, asked by Ada', OURS, `agent@${OURS}`, 'UADA', TEAM_API, 'GET', '200'],
  ['the agent, asked by Grace', OURS, `agent@${OURS}`, 'UGRACE', GIT, 'GET', '403 not_allowed'],
  ['the agent, asked by Grace', OURS, `agent@${OURS}`, 'UGRACE', TEAM_API, 'GET', '200'],
] as const)('%s: %s %s %s %s %s', async (_, scope, principal, requester, url, method, expected) => {
  const sandbox = `sb${turn + 1}`;
  await begin(sandbox, { scope, principal, requester });
  expect(await ask(sandbox, url, method)).toBe(expected);
  expect(seen).toHaveLength(expected === '200' ? 1 : 0);
  // Each attempt is on record, with whom the turn acted as and who began it.
  const [event] = await world.events(sandbox, 1);
  expect(event).toMatchObject({ principal, requester, scope, outcome: expected === '200' ? 'injected' : 'blocked' });
});

test('two people in one channel at the same moment share no connection to the service, no token and no event', async () => {
  await begin('adas', { scope: MINE, principal: ADA, requester: 'UADA' });
  await begin('graces', { scope: MINE, principal: GRACE, requester: 'UGRACE' });
  const urls = Array.from({ length: 40 }, (_, n) => `${GIT}/issues?n=${n}`);
  const answers = await Promise.all(urls.flatMap((url) => [ask('adas', url), ask('graces', url)]));
  expect(new Set(answers)).toEqual(new Set(['200']));
  const usedBy = (token: string) =>
    new Set(seen.filter(({ authorization }) => authorization === basic(token)).map(({ from }) => from));
  const [adas, graces] = [usedBy(TOKENS.UADA), usedBy(TOKENS.UGRACE)];
  expect(adas.size).toBeGreaterThan(0);
  expect(graces.size).toBeGreaterThan(0);
  expect([...adas].filter((each) => graces.has(each))).toEqual([]);
  for (const [sandbox, who] of [
    ['adas', ADA],
    ['graces', GRACE],
  ] as const) {
    const events = await world.events(sandbox, 40);
    expect(new Set(events.map((each) => `${each.principal} ${each.scope} ${each.connection}`))).toEqual(
      new Set([`${who} ${MINE} personal/gitea`]),
    );
  }
});

describe('what a person has allowed the agent of a channel', () => {
  test('is used in their turn alone, as them, and no longer than they said', async () => {
    const first = await begin('ours', { scope: OURS, principal: `agent@${OURS}`, requester: 'UADA' });
    expect(await ask('ours', GIT)).toBe('403 not_allowed');
    await allow('ours', 'UADA', 'once', first);
    expect(await ask('ours', GIT)).toBe('200');
    expect(await ask('ours', TEAM_API)).toBe('200');
    expect(seen.map(({ authorization }) => authorization)).toEqual([basic(TOKENS.UADA), `Bearer ${SECRET}`]);
    const events = await world.events('ours', 3);
    expect(events.map((each) => [each.principal, each.connection])).toEqual([
      [`agent@${OURS}`, null],
      [ADA, 'personal/gitea'],
      [`agent@${OURS}`, 'team-api'],
    ]);
    await begin('ours', { scope: OURS, principal: `agent@${OURS}`, requester: 'UADA' });
    expect(await ask('ours', GIT)).toBe('403 not_allowed');
  });

  test('for a thread holds in later turns of the same person, and in nobody else’s', async () => {
    const first = await begin('thread', { scope: OURS, principal: `agent@${OURS}`, requester: 'UADA' });
    await allow('thread', 'UADA', 'thread', first);
    expect(await ask('thread', GIT)).toBe('200');
    for (const requester of ['UGRACE', 'schedule:monday']) {
      await begin('thread', { scope: OURS, principal: `agent@${OURS}`, requester });
      expect(await ask('thread', GIT)).toBe('403 not_allowed');
    }
    await begin('thread', { scope: OURS, principal: `agent@${OURS}`, requester: 'UADA' });
    expect(await ask('thread', GIT)).toBe('200');
    await begin('other', { scope: OURS, principal: `agent@${OURS}`, requester: 'UADA' });
    expect(await ask('other', GIT)).toBe('403 not_allowed');
  });

  test('ends with the setting, with never, and with the connection', async () => {
    const mine = await begin('ends', { scope: OURS, principal: `agent@${OURS}`, requester: 'UADA' });
    await allow('ends', 'UADA', 'thread', mine);
    expect(await ask('ends', GIT)).toBe('200');
    const { inChannels: _, ...people } = policy.people;
    await world.apply({ ...policy, people });
    expect(await ask('ends', GIT)).toBe('403 not_allowed');
    await world.apply(policy);
    expect(await ask('ends', GIT)).toBe('200');
    await allow('ends', 'UADA', 'never', mine);
    expect(await ask('ends', GIT)).toBe('403 not_allowed');
    await allow('ends', 'UADA', 'thread', mine);
    await world.database.database.query("delete from personal_connection where person = 'UADA'");
    expect(await ask('ends', GIT)).toBe('403 not_allowed');
  });
});

test('commits in a requester’s channel are by the person, in the channel of an agent they are not', async () => {
  expect(await world.control.commitAuthor(MINE, ADA)).toBe('Ada L <ada@noreply.git.acme.test>');
  expect(await world.control.commitAuthor(OURS, ADA)).toBeNull();
  expect(await world.control.commitAuthor(MINE)).toBeNull();
});
