import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Origin, startOrigin } from '../../integration/proxy/support/origin.ts';
import { createTestAuthority } from '../../integration/proxy/support/test-authority.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { TEAM, waitForTurn } from '../../support/installation/turns.ts';
import { type AccountsServer, createAccountsServer } from '../../support/mcp/accounts-server.ts';
import { type EverythingServer, startEverythingServer } from '../../support/mcp/everything-server.ts';
import { createHostileServer, type HostileServer, tool } from '../../support/mcp/hostile-server.ts';
import { until } from '../../support/until.ts';
import { databaseRows, modelCalls, slackState, workflowHistories } from '../security/support/stores.ts';
import { work } from '../security/support/work.ts';

const canary = (what: string) => `canary-${what}-${randomBytes(16).toString('hex')}`;
const TOKEN = canary('mcp');
/** The accounts of a server that people use in their own names. */
const NOTES = { team: canary('team'), ada: canary('ada'), linus: canary('linus') };
const PEOPLE = ['ada', 'linus'] as const;
/** A server that runs in the sandbox, and says what it finds there. */
const LOCAL = `let text = ''; process.stdin.on('data', (some) => { text += some; for (let at; (at = text.indexOf('\\n')) >= 0; text = text.slice(at + 1)) {
  const { id, method } = JSON.parse(text.slice(0, at));
  const say = (result) => console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
  if (method === 'initialize') say({ protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'local', version: '1' } });
  if (method === 'tools/list') say({ tools: [{ name: 'where', inputSchema: { type: 'object', properties: {} } }] });
  if (method === 'tools/call') say({ content: [{ type: 'text', text: 'user ' + process.getuid() + ' in ' + process.cwd() + ' has ' + JSON.stringify(process.env) }] });
} })`;

let bellhop: Installation;
let everything: EverythingServer;
let hostile: HostileServer;
let notes: AccountsServer;
let origin: Origin;

/** JSON is YAML. */
function fileOf(): string {
  const addresses = [`127.0.0.1/32:${origin.port}`];
  const credential = { kind: 'bearer', fromEnv: 'MCP_TOKEN' };
  const server = (name: string, tools: object, more = {}) => ({
    ...{ kind: 'mcp', url: `https://${name}.mcp.test/mcp`, tools, credential, addresses, ...more },
  });
  return JSON.stringify({
    organization: { bundles: [] },
    channels: { '#platform-eng': { bundles: ['tracker'] } },
    people: { offer: [{ mcp: 'notes' }] },
    bundles: {
      tracker: {
        connections: ['everything', 'hostile', 'away', 'notes'],
        servers: { local: { command: ['node', '-e', LOCAL], tools: 'write' } },
      },
    },
    connections: {
      everything: server('everything', { allow: ['get-*', 'echo'], deny: ['get-env'] }),
      hostile: server('hostile', { allow: ['*'], deny: ['delete_*'], approve: ['orders'] }),
      notes: server('notes', { allow: ['*'] }, { credential: { kind: 'bearer', fromEnv: 'NOTES_TOKEN' } }),
      away: server('away', { allow: ['*'] }),
    },
  });
}

beforeAll(async () => {
  const authority = await createTestAuthority();
  everything = await startEverythingServer();
  hostile = createHostileServer('https://away.mcp.test/mcp');
  hostile.expects = TOKEN;
  hostile.tools = [tool('whoami'), tool('silent'), tool('orders'), tool('delete_all')];
  notes = createAccountsServer(new Map(Object.entries(NOTES).map(([name, token]) => [`Bearer ${token}`, name])));
  const servers = { everything, hostile, notes };
  origin = await startOrigin({
    authority,
    hosts: ['everything.mcp.test', 'hostile.mcp.test', 'notes.mcp.test'],
    onRequest: (request, response) =>
      servers[request.headers.host?.split('.')[0] as keyof typeof servers].onRequest(request, response),
  });
  bellhop = await startInstallation({ secrets: { MCP_TOKEN: TOKEN, NOTES_TOKEN: NOTES.team } });
  const authorityFile = path.join(bellhop.home, 'mcp.pem');
  await writeFile(authorityFile, authority.pem);
  await bellhop.operate({
    // Nothing listens where the third one is said to be.
    hosts: {
      ...{ ...place('everything', origin.port), ...place('hostile', origin.port), ...place('notes', origin.port) },
      ...place('away', 1),
    },
    ceilings: [{ range: '127.0.0.1/32', ports: [origin.port, 1] }],
    caBundles: [authorityFile],
  });
  await bellhop.apply(fileOf());
  await listed('everything', 'hostile', 'notes');
  const problem = () =>
    bellhop.database.query("select 1 from mcp_server where connection = 'away' and problem is not null");
  await until(async () => (await problem()).rowCount === 1, 'the words on the server that is away', 30_000);
}, 180_000);
afterAll(async () => {
  await bellhop?.[Symbol.asyncDispose]();
  await origin?.[Symbol.asyncDispose]();
  await everything?.[Symbol.asyncDispose]();
}, 60_000);

function place(name: string, port: number): Record<string, string> {
  return { [`${name}.mcp.test`]: `127.0.0.1:${port}` };
}

async function listed(...servers: string[]): Promise<void> {
  const rows = () =>
    bellhop.database.query('select 1 from mcp_server where connection = any($1) and listed is not null', [servers]);
  await until(async () => (await rows()).rowCount === servers.length, 'the lists of the servers', 30_000);
}

test('a mention is answered with what a tool of an MCP server said, and the event names server, tool and outcome', async () => {
  const mention = await bellhop.slack.post(
    'ada',
    '#platform-eng',
    '@bellhop\ncall everything.get-sum {"a": 2, "b": 40}\ncall hostile.whoami',
  );
  const answer = await bellhop.slack.waitForAnswer(mention, /42/, 60_000);
  expect(answer.text).toContain('it came');
  const { session } = await waitForTurn(bellhop, mention, 1);
  const calls = () =>
    bellhop.database.query(
      'select connection, tool, outcome, requester, turn, status from egress_event where session = $1 and tool is not null order by at',
      [session],
    );
  await until(async () => (await calls()).rowCount === 2, 'the events of two calls');
  const requester = mention.user;
  expect((await calls()).rows).toEqual([
    { connection: 'everything', tool: 'get-sum', outcome: 'injected', requester, turn: 1, status: 200 },
    { connection: 'hostile', tool: 'whoami', outcome: 'injected', requester, turn: 1, status: 200 },
  ]);
}, 120_000);

test('the model is offered what the channel may call, and is told of a server that is away', async () => {
  const { session } = await work(bellhop, 'call everything.echo {"message": "hello"}');
  const { rows } = await bellhop.database.query('select tools from access_snapshot where session = $1', [session]);
  const { offered, notes } = rows[0].tools as { offered: { server: string; name: string }[]; notes: string[] };
  const names = offered.map(({ server, name }) => `${server}.${name}`);
  expect(names).toEqual(expect.arrayContaining(['everything.echo', 'hostile.orders']));
  expect(names).not.toContain('everything.get-env');
  expect(names).not.toContain('hostile.delete_all');
  expect(notes.join('\n')).toMatch(/away: its tools are not known/);
}, 120_000);

test('in another channel the server is out of reach, as a tool and for a command', async () => {
  const { steps, state } = await work(bellhop, 'call hostile.whoami\n$ curl -sS https://hostile.mcp.test/mcp -d "{}"', {
    channel: '#general',
  });
  expect(state).toBe('answered');
  expect(steps[0]?.told).toContain('There is no tool named hostile__whoami');
  expect(steps[1]?.output).toContain('response 403');
}, 120_000);

test('a command in the sandbox of the channel does not reach the server either', async () => {
  const { steps } = await work(bellhop, '$ curl -sS https://hostile.mcp.test/mcp -d "{}"');
  expect(steps[0]?.output).toContain('response 403');
}, 120_000);

test('two people and a channel call the same server at the same moment, each with their own account', async () => {
  const { slack } = bellhop;
  for (const who of PEOPLE) {
    const asked = await slack.post(who, await slack.openDm(who), 'connect notes');
    const answer = await slack.waitForAnswer(asked, /Press the button/);
    await slack.click(who, answer, 'bellhop_connect');
    await slack.waitForModal(who);
    expect(await slack.submit(who, { token: NOTES[who] })).toMatchObject({ closed: true });
    await slack.waitForAnswer(asked, /is connected/);
  }
  const own = () =>
    bellhop.database.query("select 1 from mcp_server where connection = 'personal/notes' and listed is not null");
  await until(async () => (await own()).rowCount === 2, 'the lists of two people', 30_000);
  const tested = await slack.post('ada', await slack.openDm('ada'), 'test notes');
  await slack.waitForAnswer(tested, /accepts your token \(200\)/);
  const before = notes.seen.length;
  const said = await Promise.all([
    ...PEOPLE.map(async (who) =>
      slack.post(who, await slack.openDm(who), `call notes.whoami\ncall notes.notes_of_${who}`),
    ),
    slack.post('ada', '#platform-eng', '@bellhop\ncall notes.whoami\ncall notes.notes_of_team'),
  ]);
  for (const [index, name] of ['ada', 'linus', 'team'].entries()) {
    const message = said[index];
    if (!message) throw new Error('nothing was said');
    // The live line shows its first words too, but not as its text.
    const isAnswer = ({ text }: { readonly text: string }) => text.includes(`notes_of_${name} for ${name}`);
    const answer = await slack.waitForAnswer(message, isAnswer, 90_000);
    expect(answer.text).toContain(`whoami for ${name}`);
    const { session } = await waitForTurn(bellhop, message, 1);
    const { rows } = await bellhop.database.query(
      `select distinct principal, connection from egress_event where session = $1 and tool is not null`,
      [session],
    );
    const person = `person:${TEAM}:${message.user}`;
    const team = { principal: `agent@channel:${TEAM}:${message.channel}`, connection: 'notes' };
    expect(rows).toEqual([name === 'team' ? team : { principal: person, connection: 'personal/notes' }]);
  }
  const crossed = notes.seen.slice(before).filter(({ by, session }) => session !== null && session !== by);
  expect(crossed).toEqual([]);
}, 180_000);

test('a tool that is asked for waits for a press in the thread', async () => {
  const { slack } = bellhop;
  const mention = await slack.post('ada', '#platform-eng', '@bellhop\ncall hostile.orders {"title": "Buy"}');
  const card = await slack.waitForAnswer(mention, /I want to call hostile\.orders/, 60_000);
  expect(hostile.called).not.toContain('orders');
  await slack.click('linus', card, 'bellhop_answer/allow');
  expect(await waitForTurn(bellhop, mention, 1, 60_000)).toMatchObject({ state: 'answered' });
  expect(hostile.called.filter((name) => name === 'orders')).toHaveLength(1);
}, 120_000);

test('a server that a command starts in the sandbox runs there as the agent, with no credential', async () => {
  const { steps, state } = await work(bellhop, 'start local\ncall local.where');
  expect(state).toBe('answered');
  expect(steps[0]?.told).toContain('You have these tools now: local.where.');
  expect(steps[1]?.told).toMatch(/user [1-9]\d{4,} in \/workspace has/);
  for (const token of [TOKEN, ...Object.values(NOTES)]) expect(steps[1]?.told).not.toContain(token);
}, 120_000);

test('a stop ends a call', async () => {
  const mention = await bellhop.slack.post('ada', '#platform-eng', '@bellhop\ncall hostile.silent');
  await until(() => hostile.open === 1, 'the call', 60_000);
  await bellhop.slack.post('ada', '#platform-eng', '@bellhop stop', { threadTs: mention.ts });
  const { state } = await waitForTurn(bellhop, mention, 1, 60_000);
  expect(state).toBe('stopped');
  await until(() => hostile.open === 0, 'the end of the call', 10_000);
}, 120_000);

test('a runner that dies in a call leaves an unknown outcome, and the call is not made again', async () => {
  const before = hostile.called.filter((name) => name === 'silent').length;
  const mention = await bellhop.slack.post('ada', '#platform-eng', '@bellhop\ncall hostile.silent');
  await until(() => hostile.open === 1, 'the call', 60_000);
  await bellhop.processes.runner.kill('SIGKILL');
  await bellhop.processes.runner.restart();
  const { session, state } = await waitForTurn(bellhop, mention, 1, 90_000);
  expect(state).toBe('answered');
  const { rows } = await bellhop.database.query("select state from step where session = $1 and kind = 'tool'", [
    session,
  ]);
  expect(rows).toEqual([{ state: 'unknown' }]);
  expect(hostile.called.filter((name) => name === 'silent').length).toBe(before + 1);
}, 180_000);

test('the credential of the servers is in no row, history, call of the model or message', async () => {
  const places = [
    ...(await databaseRows(bellhop)),
    ...(await workflowHistories(bellhop)),
    ...modelCalls(bellhop),
    ...(await slackState(bellhop)),
  ];
  const holding = (text: string) => places.filter(({ bytes }) => bytes.includes(text)).map(({ name }) => name);
  expect(holding('hostile')).not.toEqual([]);
  for (const token of [TOKEN, ...Object.values(NOTES)]) expect(holding(token)).toEqual([]);
}, 60_000);
