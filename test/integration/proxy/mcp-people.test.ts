/** One MCP server in a channel and for two people: the matrix of principal × place × connection for its tools. */
import type { EffectiveAccess } from '../../../access/decision.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import { NO_FACTS } from '../../../access/mcp/judge-tool.ts';
import type { PeopleAccess } from '../../../access/people-access.ts';
import { personalConnection } from '../../../access/personal-access.ts';
import { createMcpCalls } from '../../../activities/mcp-calls.ts';
import { offerTools, wantOwnListings } from '../../../agent/mcp/turn-tools.ts';
import type { OfferedTool } from '../../../contracts/mcp.ts';
import { ownerOf, type ScopeKey } from '../../../contracts/scope.ts';
import { bindingOf } from '../../../credentials/binding.ts';
import { seal } from '../../../credentials/seal.ts';
import { withServer } from '../../../mcp/session.ts';
import { approveTools, knownServers, waitingDefinitions } from '../../../store/mcp-servers.ts';
import { heldConnections, removePersonalConnection } from '../../../store/personal-connections.ts';
import { askForTest } from '../../../store/personal-tests.ts';
import { currentPolicy } from '../../../store/policy.ts';
import { createKeepToken } from '../../../workers/gateway/keep-own-token.ts';
import { createListServers, type ListServers } from '../../../workers/runner/list-servers.ts';
import { guardrail } from '../../support/access-document.ts';
import { fileOf } from '../../support/access-yaml.ts';
import { type AccountsServer, createAccountsServer } from '../../support/mcp/accounts-server.ts';
import { type EverythingServer, startEverythingServer } from '../../support/mcp/everything-server.ts';
import { until } from '../../support/until.ts';
import { mcpConnection } from './support/mcp-world.ts';
import { type Origin, startOrigin } from './support/origin.ts';
import { createTestAuthority } from './support/test-authority.ts';
import { SECRET, startWorld, type World, type WorldPolicy } from './support/world.ts';

const CHANNEL: ScopeKey = 'channel:T1:C1';
const ADA = 'person:T1:UADA' as const;
const LINUS = 'person:T1:ULINUS' as const;
const TOKENS = { [ADA]: 'ada-mcp-canary-012345', [LINUS]: 'linus-mcp-canary-98765' } as const;
const URL_ = 'https://notes.mcp.test/mcp';
const CONNECTION = 'personal/notes';

let world: World;
let origin: Origin;
let accounts: AccountsServer;
let everything: EverythingServer;
let policy: WorldPolicy & { readonly people: PeopleAccess };
let lists: ListServers;

beforeAll(async () => {
  const authority = await createTestAuthority();
  everything = await startEverythingServer();
  accounts = createAccountsServer(
    new Map([
      [`Bearer ${SECRET}`, 'team'],
      [`Bearer ${TOKENS[ADA]}`, 'ada'],
      [`Bearer ${TOKENS[LINUS]}`, 'linus'],
    ]),
  );
  const hosts = ['notes.mcp.test', 'everything.mcp.test'];
  origin = await startOrigin({
    authority,
    hosts,
    onRequest: (request, response) =>
      (request.headers.host?.startsWith('everything') ? everything : accounts).onRequest(request, response),
  });
  const { port } = origin;
  world = await startWorld({
    operator: {
      staticNames: new Map(hosts.map((host) => [host, { address: '127.0.0.1', port }])),
      ceilings: [{ range: '127.0.0.0/8', ports: [port] }],
      caBundles: [authority.pem],
    },
  });
  const { people } = fileOf(`people:
  offer:
    - { mcp: notes, addresses: ["127.0.0.1/32:${port}"] }
    - { mcp: everything, url: https://everything.mcp.test/mcp, tools: { allow: ["get-*"], deny: [get-env] }, addresses: ["127.0.0.1/32:${port}"] }
connections:
  notes: { kind: mcp, url: ${URL_}, tools: { allow: ["*"], deny: ["delete_*"] }, credential: { kind: bearer, fromEnv: T } }
bundles: { tracker: { connections: [notes] } }
organization: { bundles: [tracker] }
`);
  if (!people) throw new Error('nothing is offered');
  policy = {
    people,
    connections: [mcpConnection('notes', URL_, [{ range: '127.0.0.1/32', port }])],
    attached: { organization: { connections: ['notes'] }, [CHANNEL]: {} },
  };
  const warn = (_details: unknown, words: string) => void world.problems.push(words);
  lists = createListServers({
    database: world.database.database,
    proxy: world.control,
    log: { warn: warn as never },
    stopping: new AbortController().signal,
    pauses: { usualMs: 0, troubledMs: 0 },
  });
}, 60_000);
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await origin?.[Symbol.asyncDispose]();
  await everything?.[Symbol.asyncDispose]();
});
const never = () => Promise.reject(new Error('nothing is asked'));
let turn = 0;
beforeEach(async () => {
  const { database } = world.database;
  await database.query('delete from mcp_server');
  await database.query('delete from personal_connection');
  accounts.words.clear();
  await world.apply(policy);
  turn += 1;
  for (const scope of [CHANNEL, ADA, LINUS]) await world.openLease(sandboxOf(scope), scope, turn);
});

const sandboxOf = (scope: ScopeKey): string => scope.toLowerCase().replaceAll(':', '-');

/** As a person does it in the form. */
async function connect(scope: typeof ADA | typeof LINUS, name = 'notes', token: string = TOKENS[scope]): Promise<void> {
  const owner = ownerOf(scope);
  const offer = policy.people.offers.find((each) => each.name === name);
  if (!owner || !offer) throw new Error(`${name} is not offered`);
  await world.database.database.query(
    `insert into installation (id, public_key, key_id) values ('test', $1, $2) on conflict do nothing`,
    [Buffer.from(world.keys.publicKey.bytes).toString('base64'), world.keys.publicKey.id],
  );
  expect(await createKeepToken(world.database.database)(owner, offer, token)).toBeNull();
}

async function list(): Promise<void> {
  await lists.look();
  await lists.idle();
}

async function accessOf(scope: ScopeKey): Promise<EffectiveAccess> {
  const { database } = world.database;
  const owner = ownerOf(scope);
  return effectiveAccess(await currentPolicy(database), scope, owner ? await heldConnections(database, owner) : []);
}

async function offered(scope: ScopeKey): Promise<OfferedTool[]> {
  return [...(await offerTools(world.database.database, await accessOf(scope))).offered];
}
const names = async (scope: ScopeKey) => (await offered(scope)).map(({ server, name }) => `${server}.${name}`);

/** A call of a tool by a turn of `scope`. */
async function callTool(scope: ScopeKey, tool: OfferedTool): Promise<string> {
  const calls = createMcpCalls({ database: world.database.database, proxy: world.control });
  const sandbox = sandboxOf(scope);
  const { text } = await calls.call(
    {
      ...{ session: `slack:T1:C1:${sandbox}`, turn, sandbox, tool, facts: NO_FACTS, arguments: {} },
      ...{ signal: new AbortController().signal, begin: async () => {}, onProgress: () => {} },
      ...{ elicit: never, open: never },
    },
    async (answer) => answer,
  );
  return text;
}

/** The same, of a tool that a turn of `from` was offered. */
async function call(scope: ScopeKey, name: string, from: ScopeKey = scope): Promise<string> {
  const tool = (await offered(from)).find((each) => each.name === name);
  if (!tool) throw new Error(`${name} is not offered in ${from}`);
  return callTool(scope, tool);
}

test('in the channel the channel’s account answers, and in each person’s messages their own', async () => {
  await connect(ADA);
  await connect(LINUS);
  await list();
  expect(await names(CHANNEL)).toEqual(['notes.whoami', 'notes.notes_of_team']);
  expect(await names(ADA)).toEqual([`${CONNECTION}.whoami`, `${CONNECTION}.notes_of_ada`]);
  expect(await names(LINUS)).toEqual([`${CONNECTION}.whoami`, `${CONNECTION}.notes_of_linus`]);
  expect(await call(CHANNEL, 'whoami')).toBe('whoami for team');
  expect(await call(ADA, 'whoami')).toBe('whoami for ada');
  expect(await call(LINUS, 'whoami')).toBe('whoami for linus');
});

test('two people at the same moment share no session, connection, list or event', async () => {
  await connect(ADA);
  await connect(LINUS);
  await list();
  const before = accounts.seen.length;
  const rounds = Array.from({ length: 10 }, () => [
    call(ADA, 'whoami'),
    call(LINUS, 'whoami'),
    call(CHANNEL, 'whoami'),
  ]);
  const answers = await Promise.all(rounds.flat());
  expect(answers).toEqual(rounds.flatMap(() => ['whoami for ada', 'whoami for linus', 'whoami for team']));
  const seen = accounts.seen.slice(before);
  expect(seen.filter(({ by, session }) => session !== null && session !== by)).toEqual([]);
  const [ada, linus, team] = ['ada', 'linus', 'team'].map((each) => [...(accounts.ports.get(each) ?? [])]);
  expect(new Set([...(ada ?? []), ...(linus ?? []), ...(team ?? [])]).size).toBe(
    (ada?.length ?? 0) + (linus?.length ?? 0) + (team?.length ?? 0),
  );
  const { rows } = await world.database.database.query(
    `select distinct scope, principal, requester, connection from egress_event where tool = 'whoami' and turn = ${turn} order by scope`,
  );
  await until(
    async () =>
      (
        await world.database.database.query(
          `select 1 from egress_event where tool = 'whoami' and outcome = 'injected' and turn = ${turn}`,
        )
      ).rowCount === 30,
    'the events of the calls',
  );
  expect(rows.filter(({ scope, connection }) => (scope === CHANNEL) !== (connection === 'notes'))).toEqual([]);
  expect(rows.filter(({ scope, principal }) => scope !== CHANNEL && principal !== scope)).toEqual([]);
});

test('nobody reaches a server with the credential of another, whoever asks for it', async () => {
  await connect(ADA);
  await list();
  const before = accounts.seen.length;
  const refused = { code: 'ProxyRefused', message: expect.stringContaining('not_allowed') };
  await expect(call(LINUS, 'whoami', ADA)).rejects.toMatchObject(refused);
  await expect(call(CHANNEL, 'whoami', ADA)).rejects.toMatchObject(refused);
  await expect(call(ADA, 'whoami', CHANNEL)).rejects.toMatchObject(refused);
  await expect(call(LINUS, 'whoami', CHANNEL)).rejects.toMatchObject(refused);
  // A look in the name of somebody who has nothing, and one in a name that is no person's.
  const look = (owner: ScopeKey) =>
    withServer(
      URL_,
      (ask) => world.control.askServer({ connection: CONNECTION, url: URL_ }, { owner }, ask),
      {
        signal: new AbortController().signal,
        limits: { listMs: 5_000, silenceMs: 5_000, callMs: 5_000, maxBytes: 1e6 },
      },
      (session) => session.listTools(),
    );
  await expect(look(LINUS)).rejects.toMatchObject(refused);
  await expect(look(CHANNEL)).rejects.toMatchObject({ code: 'bad_request' });
  expect(accounts.seen.slice(before)).toEqual([]);
});

test('a person’s list is asked for when a turn wants it, and not otherwise', async () => {
  await connect(ADA);
  await list();
  const asked = () => accounts.seen.filter(({ by }) => by === 'ada').length;
  const before = asked();
  await list();
  await wantOwnListings(world.database.database, await accessOf(ADA));
  await list();
  expect(asked()).toBe(before);
  await world.database.database.query("update mcp_server set asked_at = now() - interval '6 minutes'");
  await list();
  expect(asked()).toBe(before);
  await wantOwnListings(world.database.database, await accessOf(ADA));
  await list();
  expect(asked()).toBeGreaterThan(before);
});

test('a person’s changed definition waits for an administrator, who approves it once for all whose list has it', async () => {
  await connect(ADA);
  await connect(LINUS);
  await list();
  accounts.words.set('ada', 'Now something else');
  await connect(ADA);
  await list();
  expect(await names(ADA)).toEqual([`${CONNECTION}.whoami`]);
  expect(await names(LINUS)).toContain(`${CONNECTION}.notes_of_linus`);
  const { database } = world.database;
  const waiting = await waitingDefinitions(database, CONNECTION);
  expect(waiting.map(({ name }) => name)).toEqual(['notes_of_ada']);
  await approveTools(
    database,
    CONNECTION,
    waiting.map(({ digest }) => digest),
  );
  expect(await names(ADA)).toContain(`${CONNECTION}.notes_of_ada`);
  expect(await call(ADA, 'notes_of_ada')).toBe('notes_of_ada for ada');
});

test('what is removed is out of reach for the next call, also of a turn that was offered it', async () => {
  await connect(ADA);
  await list();
  const [tool] = await offered(ADA);
  const owner = ownerOf(ADA);
  if (!owner || !tool) throw new Error('nothing is offered');
  await removePersonalConnection(world.database.database, owner, 'notes');
  expect(await offered(ADA)).toEqual([]);
  const before = accounts.seen.length;
  const calling = callTool(ADA, tool);
  await expect(calling).rejects.toMatchObject({ code: 'ProxyRefused' });
  expect(accounts.seen.slice(before)).toEqual([]);
});

test('guardrails hold in a person’s messages, by the name of the server', async () => {
  await connect(ADA);
  await list();
  await world.apply({
    ...policy,
    toolGuardrails: [{ id: 'no-notes', server: 'notes', tools: ['whoami'], reason: 'No.', line: 1 }],
  });
  expect(await names(ADA)).toEqual([`${CONNECTION}.notes_of_ada`]);
  await world.apply({ ...policy, guardrails: [guardrail('no-posts', 'notes.mcp.test', { methods: ['POST'] })] });
  expect(await names(ADA)).toEqual([]);
});

test('whose token a server does not accept is told how to renew it', async () => {
  await connect(ADA, 'notes', 'not-a-token-of-any');
  await list();
  const { notes } = await offerTools(world.database.database, await accessOf(ADA));
  expect(notes).toEqual([
    expect.stringMatching(/^notes: its tools are not known\. It does not accept the credential\. .*“renew notes”/),
  ]);
});

test('a person tests a server with their own token, and no session stays at it', async () => {
  await connect(ADA);
  await connect(LINUS, 'notes', 'not-a-token-of-any');
  const { database } = world.database;
  const tested = async (scope: ScopeKey, id: string) => {
    const owner = ownerOf(scope);
    if (!owner) throw new Error('nobody');
    await askForTest(database, { key: id, ...owner, connection: 'notes' }, { channel: 'D1', threadTs: '1.2' });
    world.proxy.servePeople();
    const find = () =>
      database.query('select status, code from personal_test where key = $1 and answered_at is not null', [id]);
    await until(async () => (await find()).rowCount === 1, 'the answer to a test');
    return (await find()).rows[0];
  };
  expect(await tested(ADA, '1')).toEqual({ status: 200, code: null });
  expect(accounts.seen.slice(-2)).toEqual([
    { by: 'ada', method: 'initialize', session: null },
    { by: 'ada', method: 'DELETE', session: 'ada' },
  ]);
  expect(await tested(LINUS, '2')).toEqual({ status: 401, code: null });
});

test('the reference server works in the name of a person, with what the offer allows', async () => {
  await connect(ADA, 'everything');
  await list();
  const own = await names(ADA);
  expect(own).toContain('personal/everything.get-sum');
  expect(own).not.toContain('personal/everything.get-env');
  expect(own).not.toContain('personal/everything.echo');
  const [sum] = (await offered(ADA)).filter(({ name }) => name === 'get-tiny-image');
  expect(sum?.owner).toBe(ADA);
  const before = everything.asked.length;
  expect(await call(ADA, 'get-tiny-image')).toContain('image');
  const authorizations = everything.asked.slice(before).map(({ authorization }) => authorization);
  expect(new Set(authorizations)).toEqual(new Set([`Bearer ${TOKENS[ADA]}`]));
});

test('what is known of a server is kept for each owner, and no token stands there', async () => {
  await connect(ADA);
  await connect(LINUS);
  await list();
  const { database } = world.database;
  for (const [owner, name] of [
    [ADA, 'ada'],
    [LINUS, 'linus'],
  ] as const) {
    const [known] = await knownServers(database, [CONNECTION], owner);
    expect(known?.tools.map((each) => each.name)).toEqual(['whoami', `notes_of_${name}`]);
  }
  expect(await knownServers(database, [CONNECTION])).toEqual([]);
  const { rows } = await database.query(
    'select s::text as row from mcp_server s union all select t::text from mcp_tool t',
  );
  expect(JSON.stringify(rows)).not.toMatch(/canary/);
  expect(world.problems).toEqual([]);
});

test('a token is bound to the person: a copy of its row opens for nobody else', async () => {
  await connect(ADA);
  await list();
  const { database } = world.database;
  await database.query(
    `insert into personal_connection (team, person, connection, version, key_id, sealed, expires_at)
     select team, 'ULINUS', connection, nextval('personal_version')::int, key_id, sealed, expires_at from personal_connection`,
  );
  const offer = policy.people.offers[0];
  if (!offer) throw new Error('nothing is offered');
  expect(bindingOf(personalConnection(offer, LINUS, 1)).owner).toBe(LINUS);
  expect(
    (await seal(world.keys.publicKey, bindingOf(personalConnection(offer, LINUS, 1)), 'x')).length,
  ).toBeGreaterThan(0);
  await wantOwnListings(database, await accessOf(LINUS));
  const before = accounts.seen.length;
  await list();
  expect(accounts.seen.slice(before).filter(({ by }) => by !== 'team')).toEqual([]);
  expect((await knownServers(database, [CONNECTION], LINUS))[0]?.problem).toContain('inject_failed');
});
