/** Models of the access file in a whole installation: a channel's own, its bad days, and where its key is not. */
import { randomBytes } from 'node:crypto';
import { LLMock } from '@copilotkit/aimock';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { isInMemory } from './support/memory.ts';
import { type Place, placesWith } from './support/renderings.ts';
import {
  databaseRows,
  homeFiles,
  inspectedContainers,
  machineProcesses,
  processOutputs,
  sandboxFiles,
  slackState,
  workflowHistories,
} from './support/stores.ts';
import { type Worked, work } from './support/work.ts';

const KEY = `canary-${randomBytes(16).toString('hex')}`;
const COMMAND = 'date >> times; env; cat /proc/*/environ 2>/dev/null | tr "\\0" "\\n"; wc -l < times';

let bellhop: Installation;
let vendor: LLMock;
let worked: Worked;

beforeAll(async () => {
  vendor = new LLMock({ port: 0, host: '127.0.0.1' });
  await vendor.start();
  bellhop = await startInstallation({ secrets: { LLM_KEY: KEY } });
  const demo = (await bellhop.demoFile()).replace(/^channels:.*$/m, '$&\n  "#general": { model: other }');
  await bellhop.apply(`${demo}
models:
  other:
    vendor: openai-compatible
    base-url: ${vendor.url}/v1
    model: other-model
    key: { fromEnv: LLM_KEY }
    price: { currency: USD, input: 1000, output: 1000 }
`);
  // After the command has succeeded, the vendor is down for two calls, and repeats the key.
  const down = { error: { message: `overloaded, Bearer ${KEY}` }, status: 503 };
  const command = { toolCalls: [{ name: 'bash', arguments: JSON.stringify({ command: COMMAND }) }] };
  const answers = [command, down, down, { content: 'It ran.' }];
  vendor.on({ model: 'other-model' }, () => answers.shift() ?? { content: 'Nobody asked.' });
  worked = await work(bellhop, 'count', { channel: '#general' });
}, 180_000);
afterAll(async () => {
  await bellhop?.[Symbol.asyncDispose]();
  await vendor?.stop();
}, 60_000);

test("the channel's own model answers, and a command runs once however often its answer fails", async () => {
  expect(worked.state).toBe('answered');
  expect(worked.steps).toHaveLength(1);
  expect(worked.steps[0]?.output.trim()).toMatch(/(?:^|\n)1$/);
  expect(vendor.getRequests().map(({ response }) => response.status)).toEqual([200, 503, 503, 200]);
  expect(JSON.stringify(vendor.getLastRequest()?.headers)).not.toContain('anthropic');
  const { rows } = await bellhop.database.query('select distinct model from model_usage where session = $1', [
    worked.session,
  ]);
  expect(rows).toEqual([{ model: 'other-model' }]);
});

test('what the turn has cost stands under its answer', async () => {
  const { rows } = await bellhop.database.query<{ footer: string }>(
    "select body ->> 'footer' as footer from outbox where session = $1 and body ->> 'kind' = 'answer'",
    [worked.session],
  );
  expect(rows[0]?.footer).toMatch(/2 steps of other-model · \$\d+\.\d\d/);
});

test('every other channel has the usual model', async () => {
  const before = vendor.getRequests().length;
  expect((await work(bellhop, '$ true')).state).toBe('answered');
  expect(vendor.getRequests()).toHaveLength(before);
}, 60_000);

const STORES: Readonly<Record<string, [look: () => Place[] | Promise<Place[]>, isThere: () => string]>> = {
  'the database': [() => databaseRows(bellhop), () => COMMAND.slice(0, 10)],
  'histories of workflows': [() => workflowHistories(bellhop), () => worked.session],
  "the engine's data on containers": [() => inspectedContainers(bellhop), () => `bellhop-${bellhop.id}`],
  'files of sandboxes': [() => sandboxFiles(bellhop), () => 'times'],
  'environment and arguments of every process': [machineProcesses, () => bellhop.databaseUrl('proxy')],
  "files of the installation's home": [() => homeFiles(bellhop), () => 'bellhop-key-1'],
  'logs of every process': [() => processOutputs(bellhop), () => '{"ready":"agent"}'],
  Slack: [() => slackState(bellhop), () => 'It ran.'],
  'what the sandbox said': [() => worked.steps.map(({ output }) => textOf(output)), () => 'HTTPS_PROXY'],
};

test.each(Object.entries(STORES))(
  "the model's key is in no form in %s, where what is known to be there is found",
  async (_name, [look, isThere]) => {
    const places = await look();
    expect(placesWith(isThere(), places)).not.toEqual([]);
    expect(placesWith(KEY, places)).toEqual([]);
  },
  60_000,
);

test.each(['gateway', 'runner'] as const)(
  'the %s never holds it',
  async (name) => {
    expect(await isInMemory(bellhop.processes[name].pid, KEY)).toBe(false);
  },
  60_000,
);

function textOf(content: string): Place {
  return { name: 'output', bytes: Buffer.from(content) };
}
