import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Origin, startOrigin } from '../../integration/proxy/support/origin.ts';
import { createTestAuthority } from '../../integration/proxy/support/test-authority.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { waitForTurn } from '../../support/installation/turns.ts';
import { type EverythingServer, startEverythingServer } from '../../support/mcp/everything-server.ts';
import { createHostileServer, type HostileServer, tool } from '../../support/mcp/hostile-server.ts';
import { until } from '../../support/until.ts';
import { databaseRows, modelCalls, slackState, workflowHistories } from '../security/support/stores.ts';
import { work } from '../security/support/work.ts';

const TOKEN = `canary-mcp-${randomBytes(16).toString('hex')}`;

let bellhop: Installation;
let everything: EverythingServer;
let hostile: HostileServer;
let origin: Origin;

/** JSON is YAML. */
function fileOf(): string {
  const addresses = [`127.0.0.1/32:${origin.port}`];
  const credential = { kind: 'bearer', fromEnv: 'MCP_TOKEN' };
  const server = (name: string, tools: object) => ({
    ...{ kind: 'mcp', url: `https://${name}.mcp.test/mcp`, tools, credential, addresses },
  });
  return JSON.stringify({
    organization: { bundles: [] },
    channels: { '#platform-eng': { bundles: ['tracker'] } },
    bundles: { tracker: { connections: ['everything', 'hostile', 'away'] } },
    connections: {
      everything: server('everything', { allow: ['get-*', 'echo'], deny: ['get-env'] }),
      hostile: server('hostile', { allow: ['*'], deny: ['delete_*'] }),
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
  origin = await startOrigin({
    authority,
    hosts: ['everything.mcp.test', 'hostile.mcp.test'],
    onRequest: (request, response) =>
      request.headers.host?.startsWith('everything')
        ? everything.onRequest(request, response)
        : hostile.onRequest(request, response),
  });
  bellhop = await startInstallation({ secrets: { MCP_TOKEN: TOKEN } });
  const authorityFile = path.join(bellhop.home, 'mcp.pem');
  await writeFile(authorityFile, authority.pem);
  await bellhop.operate({
    // Nothing listens where the third one is said to be.
    hosts: { ...place('everything', origin.port), ...place('hostile', origin.port), ...place('away', 1) },
    ceilings: [{ range: '127.0.0.1/32', ports: [origin.port, 1] }],
    caBundles: [authorityFile],
  });
  await bellhop.apply(fileOf());
  await listed('everything', 'hostile');
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
  expect(holding(TOKEN)).toEqual([]);
}, 60_000);
