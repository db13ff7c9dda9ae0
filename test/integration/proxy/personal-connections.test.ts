/** The matrix of principal × place × connection, through a real proxy to a real origin. */
import type http from 'node:http';
import type { PeopleAccess } from '../../../access/people-access.ts';
import { personalConnection } from '../../../access/personal-access.ts';
import type { principalOf, ScopeKey } from '../../../contracts/scope.ts';
import { bindingOf } from '../../../credentials/binding.ts';
import { seal } from '../../../credentials/seal.ts';
import {
  nextPersonalVersion,
  putPersonalConnection,
  removePersonalConnection,
} from '../../../store/personal-connections.ts';
import { answerTest, askForTest } from '../../../store/personal-tests.ts';
import { guardrail } from '../../support/access-document.ts';
import { fileOf } from '../../support/access-yaml.ts';
import { until } from '../../support/until.ts';
import { type Origin, startOrigin } from './support/origin.ts';
import { createTestAuthority } from './support/test-authority.ts';
import { connection, leaseOf, SECRET, startWorld, type World, type WorldPolicy } from './support/world.ts';

const TEAM = 'T1';
const CHANNEL: ScopeKey = 'channel:T1:C1';
const GROUP: ScopeKey = 'group-dm:T1:G1';
const ADA = 'person:T1:UADA';
const LINUS = 'person:T1:ULINUS';
const TOKENS = { UADA: 'ada-canary-0123456789', ULINUS: 'linus-canary-987654321' } as const;
type PersonId = keyof typeof TOKENS;

const GIT = 'https://git.acme.test/api/v1/repos/acme/shop';
const USER = 'https://git.acme.test/api/v1/user';
const LINEAR = 'https://api.linear.app/graphql';
const TEAM_API = 'https://api.acme.test/v1/signups';

interface Seen {
  readonly authorization: string;
  readonly from: string;
  readonly url: string;
}

let world: World;
let origin: Origin;
let policy: WorldPolicy & { readonly people: PeopleAccess };
let databaseAway = false;
const seen: Seen[] = [];
/** Answers that do not end by themselves. */
const endless = new Set<http.ServerResponse>();

const answer: http.RequestListener = (request, response) => {
  const { authorization = '', host = '' } = request.headers;
  seen.push({ authorization, from: `${request.socket.remotePort}`, url: `${host}${request.url}` });
  const person = Object.entries(TOKENS).find(([, token]) => authorization === basic(token))?.[0];
  response.setHeader('content-type', 'application/json');
  if (request.url === '/api/v1/user') {
    if (person !== 'UADA') response.writeHead(401);
    response.end(JSON.stringify({ id: 7, login: 'ada', full_name: 'Ada <of> Lovelace', email: 'private@acme.test' }));
  } else if (request.url === '/api/v1/repos/acme/shop/events') {
    endless.add(response);
    response.once('close', () => endless.delete(response));
    response.write(' ');
  } else response.end('{}');
};

/** The preset of Gitea takes `user:token` as a basic login. */
function secretOf(token: string): string {
  return `me:${token}`;
}

function basic(token: string): string {
  return `Basic ${Buffer.from(secretOf(token)).toString('base64')}`;
}

async function connect(person: PersonId, name: string, token: string = TOKENS[person]): Promise<void> {
  const offer = policy.people.offers.find((each) => each.name === name);
  if (!offer) throw new Error(`${name} is not offered`);
  const { database } = world.database;
  const version = await nextPersonalVersion(database);
  const own = personalConnection(offer, `person:${TEAM}:${person}`, version);
  const secret = own.credential.kind === 'basic' ? secretOf(token) : token;
  await putPersonalConnection(database, {
    ...{ team: TEAM, person, connection: name, version, keyId: world.keys.publicKey.id, expiresAt: null },
    sealed: await seal(world.keys.publicKey, bindingOf(own), secret),
  });
}

function disconnect(person: PersonId, name: string): Promise<boolean> {
  return removePersonalConnection(world.database.database, { team: TEAM, person }, name);
}

const sandboxOf = (scope: ScopeKey): string => scope.toLowerCase().replaceAll(':', '-');

async function ask(scope: ScopeKey, url: string, method = 'GET'): Promise<{ status: number; code: unknown }> {
  const { status, error } = await world.sandbox(sandboxOf(scope)).request(url, { method });
  return { status, code: error?.code ?? null };
}

const ENDLESS = 'https://git.acme.test/api/v1/repos/acme/shop/events';
const WORKS = { status: 200, code: null };
const NOT_ALLOWED = { status: 403, code: 'not_allowed' };

beforeAll(async () => {
  const authority = await createTestAuthority();
  const hosts = ['api.acme.test', 'git.acme.test', 'api.linear.app'];
  origin = await startOrigin({ authority, hosts, onRequest: answer });
  const { port } = origin;
  world = await startWorld({
    operator: {
      staticNames: new Map(hosts.map((host) => [host, { address: '127.0.0.1', port }])),
      ceilings: [{ range: '127.0.0.0/8', ports: [port] }],
      caBundles: [authority.pem],
    },
    wrapStore: (store) => ({
      ...store,
      held: (owner) => (databaseAway ? Promise.reject(new Error('ECONNREFUSED')) : store.held(owner)),
    }),
  });
  const addresses = `addresses: ["127.0.0.1/32:${port}"]`;
  const { people } = fileOf(
    `people: { offer: [{ preset: gitea, host: git.acme.test, ${addresses} }, { preset: linear, ${addresses} }] }\n`,
  );
  if (!people) throw new Error('nothing is offered');
  policy = {
    people,
    connections: [connection('team-api', 'api.acme.test', { addresses: [{ range: '127.0.0.1/32', port }] })],
    attached: { organization: { connections: ['team-api'] }, [CHANNEL]: {}, [GROUP]: { enabled: true } },
    guardrails: [guardrail('no-deletes', '*', { methods: ['DELETE'] })],
  };
}, 30_000);

beforeEach(async () => {
  databaseAway = false;
  seen.splice(0);
  await world.database.database.query('delete from personal_connection');
  await world.apply(policy);
  for (const scope of [CHANNEL, GROUP, ADA, LINUS] as const) await world.openLease(sandboxOf(scope), scope);
  await connect('UADA', 'gitea');
  await connect('UADA', 'linear');
  await connect('ULINUS', 'gitea');
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await origin?.[Symbol.asyncDispose]();
});

test('a token that a service refuses is noted, and not any more when it is taken again or replaced', async () => {
  const { database } = world.database;
  const isRefused = async () =>
    (await database.query("select refused_at is not null as refused from personal_connection where person = 'ULINUS'"))
      .rows[0]?.refused;
  const noted = (refused: boolean) => until(async () => (await isRefused()) === refused, `refused to be ${refused}`);
  await ask(LINUS, GIT);
  expect(await isRefused()).toBe(false);
  expect((await ask(LINUS, USER)).status).toBe(401);
  await noted(true);
  // The token goes on being sent, so that it is noted when the service takes it again.
  expect(await ask(LINUS, GIT)).toEqual(WORKS);
  await noted(false);
  expect((await ask(LINUS, USER)).status).toBe(401);
  await noted(true);
  await connect('ULINUS', 'gitea');
  expect(await isRefused()).toBe(false);
});

test('a test that is refused notes it as well, and one that succeeds takes it back', async () => {
  const { database } = world.database;
  const testOf = async (person: PersonId, status: number) => {
    const key = `${person}/${status}`;
    await askForTest(database, { key, team: TEAM, person, connection: 'gitea' }, { channel: 'D1', threadTs: null });
    await answerTest(database, key, { status, code: null });
    return (
      await database.query(
        'select refused_at is not null as refused, refusal_told as told from personal_connection where person = $1 and connection = $2',
        [person, 'gitea'],
      )
    ).rows[0];
  };
  expect(await testOf('UADA', 401)).toEqual({ refused: true, told: true });
  expect(await testOf('UADA', 500)).toMatchObject({ refused: true });
  expect(await testOf('UADA', 200)).toMatchObject({ refused: false });
});

test.each([
  ['the channel', CHANNEL, TEAM_API, 'GET', WORKS],
  ['the channel', CHANNEL, GIT, 'GET', NOT_ALLOWED],
  ['the channel', CHANNEL, LINEAR, 'POST', NOT_ALLOWED],
  ['Ada', ADA, TEAM_API, 'GET', NOT_ALLOWED],
  ['Ada', ADA, GIT, 'GET', WORKS],
  ['Ada', ADA, LINEAR, 'POST', WORKS],
  ['Linus', LINUS, TEAM_API, 'GET', NOT_ALLOWED],
  ['Linus', LINUS, GIT, 'GET', WORKS],
  ['Linus, who has not connected it', LINUS, LINEAR, 'POST', NOT_ALLOWED],
  ['a group message', GROUP, GIT, 'GET', { status: 403, code: 'disabled' }],
  ['Ada, against a guardrail', ADA, GIT, 'DELETE', { status: 403, code: 'guardrail' }],
  [
    'Ada, where the preset denies',
    ADA,
    'https://git.acme.test/api/v1/user/keys',
    'GET',
    { status: 403, code: 'connection_denied' },
  ],
] as const)('%s: %s %s %s', async (_who, scope, url, method, expected) => {
  expect(await ask(scope, url, method)).toEqual(expected);
});

test('each person is known to the service by their own token, and the channel by its own', async () => {
  await ask(ADA, GIT);
  await ask(LINUS, GIT);
  await ask(CHANNEL, TEAM_API);
  expect(seen.map(({ authorization }) => authorization)).toEqual([
    basic(TOKENS.UADA),
    basic(TOKENS.ULINUS),
    `Bearer ${SECRET}`,
  ]);
});

test('two people at the same moment share no connection to the service, no event and no token', async () => {
  const rounds = Array.from({ length: 40 }, (_, n) => `${GIT}/issues?n=${n}`);
  const answers = await Promise.all(rounds.flatMap((url) => [ask(ADA, url), ask(LINUS, url)]));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect(seen).toHaveLength(80);
  const usedBy = (token: string) =>
    new Set(seen.filter(({ authorization }) => authorization === basic(token)).map(({ from }) => from));
  const [adas, linuss] = [usedBy(TOKENS.UADA), usedBy(TOKENS.ULINUS)];
  expect(adas.size).toBeGreaterThan(0);
  expect([...adas].filter((each) => linuss.has(each))).toEqual([]);
  for (const scope of [ADA, LINUS] as const) {
    const events = await world.events(sandboxOf(scope), 40, ({ path }) => path.includes('/issues'));
    const whose = new Set(events.map((each) => `${each.principal} ${each.scope} ${each.ruleScope} ${each.connection}`));
    expect([...whose]).toEqual([`${scope} ${scope} ${scope} personal/gitea`]);
  }
});

test('a refusal says what to do: of a person, what they can connect; of a channel, who could allow it', async () => {
  const hintOf = async (scope: ScopeKey) =>
    (await world.sandbox(sandboxOf(scope)).request('https://nothing.test/')).error?.hint;
  expect(await hintOf(ADA)).toMatch(/write `connections` to you in a direct message/);
  expect(await hintOf(CHANNEL)).toMatch(/An administrator can allow it/);
});

test('a lease that names a person and does not act as them has nothing of theirs', async () => {
  const forged = (principal: ReturnType<typeof principalOf>) =>
    world.control.openLease({ ...leaseOf('forged', ADA), principal, epoch: { turn: turn++, attempt: 1 } });
  let turn = 1;
  await world.control.ensureListener('forged', process.getuid?.() ?? 0);
  for (const principal of [`agent@${ADA}`, `agent@${CHANNEL}`, LINUS] as const) {
    await forged(principal);
    const { status, error } = await world.sandbox('forged').request(GIT);
    expect([status, error?.code]).toEqual([403, 'not_allowed']);
  }
  expect(seen).toEqual([]);
});

test('what is removed is gone for the next request, and what is renewed is used by it', async () => {
  expect(await ask(ADA, GIT)).toEqual(WORKS);
  expect(await disconnect('UADA', 'gitea')).toBe(true);
  expect(await ask(ADA, GIT)).toEqual(NOT_ALLOWED);
  expect(await ask(LINUS, GIT)).toEqual(WORKS);
  await connect('UADA', 'gitea', 'another-one-of-ada');
  expect(await ask(ADA, GIT)).toEqual(WORKS);
  expect(seen.at(-1)?.authorization).toBe(basic('another-one-of-ada'));
});

test.each<[string, () => Promise<unknown>]>([
  ['is removed', () => disconnect('UADA', 'gitea')],
  ['is entered anew', () => connect('UADA', 'gitea')],
])('what is under way ends when its connection %s, and what others have under way goes on', async (_what, change) => {
  const own = world.sandbox(sandboxOf(ADA)).request(ENDLESS);
  const others = world.sandbox(sandboxOf(LINUS)).request(ENDLESS);
  const ended = Promise.allSettled([own]).then(() => 'ended');
  void others.catch(() => undefined);
  await until(async () => endless.size === 2, 'both to be under way');
  await change();
  world.proxy.servePeople();
  expect(await ended).toBe('ended');
  await until(async () => endless.size === 1, 'the service to be left');
  await until(
    async () => (await world.events(sandboxOf(ADA), 1, ({ code }) => code === 'policy_changed')).length > 0,
    'the event',
  );
  for (const response of endless) response.end();
  expect((await others).status).toBe(200);
});

test('a row that is moved to another person, or another service, opens for nobody', async () => {
  const { database } = world.database;
  await disconnect('UADA', 'gitea');
  await database.query("update personal_connection set person = 'UADA' where person = 'ULINUS'");
  expect(await ask(ADA, GIT)).toEqual({ status: 502, code: 'inject_failed' });
  await database.query("delete from personal_connection where connection = 'gitea'");
  await database.query("update personal_connection set connection = 'gitea' where person = 'UADA'");
  expect(await ask(ADA, GIT)).toEqual({ status: 502, code: 'inject_failed' });
  expect(seen).toEqual([]);
});

test('what is not offered any more is not used, and other hosts of an offer need a new token', async () => {
  await world.apply({ ...policy, people: { offers: policy.people.offers.filter(({ name }) => name !== 'gitea') } });
  expect(await ask(ADA, GIT)).toEqual(NOT_ALLOWED);
  expect(await ask(ADA, LINEAR, 'POST')).toEqual(WORKS);
  const moved = policy.people.offers.map((offer) => ({
    ...offer,
    connection: {
      ...offer.connection,
      rules: offer.connection.rules.map((rule) => ({
        ...rule,
        host: rule.host.replace('api.linear.app', 'api.acme.test'),
      })),
    },
  }));
  await world.apply({ ...policy, people: { offers: moved } });
  expect(await ask(ADA, 'https://api.acme.test/graphql', 'POST')).toEqual({ status: 502, code: 'inject_failed' });
});

test('while the database is away nothing of a person is used, and channels go on', async () => {
  expect(await ask(ADA, GIT)).toEqual(WORKS);
  databaseAway = true;
  expect(await ask(ADA, GIT)).toEqual({ status: 503, code: 'policy_stale' });
  expect(await ask(CHANNEL, TEAM_API)).toEqual(WORKS);
});

test('commits are by the person whom the forge names, and by nobody else where it names none', async () => {
  expect(await world.control.commitAuthor(ADA)).toBe('Ada of Lovelace <ada@noreply.git.acme.test>');
  expect(await world.control.commitAuthor(ADA)).toBe('Ada of Lovelace <ada@noreply.git.acme.test>');
  expect(seen.filter(({ url }) => url.endsWith('/api/v1/user'))).toHaveLength(1);
  expect(await world.control.commitAuthor(LINUS)).toBeNull();
  await disconnect('UADA', 'gitea');
  expect(await world.control.commitAuthor(ADA)).toBeNull();
  expect(await world.control.commitAuthor(CHANNEL)).toBeNull();
});

test('a person’s own test is sent with their token, and says what the service answered', async () => {
  const { database } = world.database;
  const tested = async (id: string, person: string, name: string) => {
    await askForTest(
      database,
      { key: id, team: TEAM, person, connection: name },
      { channel: 'D1', threadTs: '1.000100' },
    );
    world.proxy.servePeople();
    const answer = () =>
      database.query('select status, code from personal_test where key = $1 and answered_at is not null', [id]);
    await until(async () => (await answer()).rowCount === 1, 'an answer');
    return (await answer()).rows[0];
  };
  expect(await tested('1', 'UADA', 'gitea')).toEqual({ status: 200, code: null });
  expect(seen.at(-1)).toMatchObject({ authorization: basic(TOKENS.UADA), url: 'git.acme.test/api/v1/version' });
  expect(await tested('2', 'ULINUS', 'linear')).toEqual({ status: null, code: 'not_connected' });
  await disconnect('UADA', 'linear');
  await database.query("update personal_connection set connection = 'linear' where person = 'UADA'");
  expect(await tested('3', 'UADA', 'linear')).toEqual({ status: null, code: 'inject_failed' });
  const { rows } = await database.query(
    'select principal, scope, connection, code from egress_event where session is null order by at limit 1',
  );
  expect(rows).toEqual([{ principal: ADA, scope: ADA, connection: 'personal/gitea', code: 'connection' }]);
});

test('no token of a person is in an event, an answer or a log', async () => {
  for (const scope of [ADA, LINUS] as const) {
    await ask(scope, GIT);
    await ask(scope, `${GIT}/../../../nowhere`);
    await ask(scope, LINEAR, 'POST');
  }
  const { rows } = await world.database.database.query<{ row: string }>('select e::text as row from egress_event e');
  expect(rows.length).toBeGreaterThan(3);
  const received = [ADA, LINUS].map((scope) =>
    world
      .sandbox(sandboxOf(scope as ScopeKey))
      .received()
      .toString('latin1'),
  );
  const everywhere = [...rows.map(({ row }) => row), ...received, ...world.problems].join('\n');
  for (const token of Object.values(TOKENS)) {
    for (const form of [token, basic(token), Buffer.from(token).toString('base64').replace(/=+$/, '')]) {
      expect(everywhere).not.toContain(form);
    }
  }
});
