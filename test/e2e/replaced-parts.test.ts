import path from 'node:path';
import { type ModelApi, startModelApi } from '../../simulators/model-api/server.ts';
import { dropRoles } from '../../store/roles.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTemporalServer, type TemporalServer } from '../support/installation/temporal-server.ts';
import { type RunningUp, startUp } from '../support/running-up.ts';
import { startTestSlack, type TestSlack } from '../support/slack-simulator.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const MODEL_KEY = 'key-of-another-model';

let folder: TemporaryFolder;
let database: TestDatabase;
let temporal: TemporalServer;
let slack: TestSlack;
let model: ModelApi;
let up: RunningUp;

beforeAll(async () => {
  folder = await temporaryFolder();
  [database, temporal, slack, model] = await Promise.all([
    createTestDatabase(),
    startTemporalServer(path.join(folder.path, 'temporal')),
    startTestSlack(),
    startModelApi({ scenarios: [], port: 0, apiKey: MODEL_KEY, delayMs: 0 }),
  ]);
  up = await startUp({
    environment: {
      ...slack.environment,
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: temporal.address,
      DOCKER_HOST: process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock',
      ANTHROPIC_API_KEY: MODEL_KEY,
      ANTHROPIC_BASE_URL: model.url,
      BELLHOP_MODEL: 'demo',
    },
  });
}, 200_000);
afterAll(async () => {
  await up?.[Symbol.asyncDispose]();
  if (up) await dropRoles(database.url, up.installation);
  await Promise.all([model?.[Symbol.asyncDispose](), slack?.[Symbol.asyncDispose](), temporal?.stop()]);
  await database?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
}, 60_000);

test('with every part replaced none of the demo runs', async () => {
  const { processes, simulated } = await up.state();
  expect(processes.map(({ name }) => name).sort()).toEqual(['agent', 'gateway', 'page', 'proxy', 'runner']);
  expect(simulated).toEqual({ slack: false, model: false });
});

test('doctor knows each of them by its setting', async () => {
  const { said } = await up.bellhop('doctor', '--json');
  const findings = JSON.parse(said) as { id: string; state: string; detail: string }[];
  const detailOf = (id: string) => findings.find((each) => each.id === id && each.state === 'ok')?.detail;
  expect(detailOf('postgres')).toContain('DATABASE_URL');
  expect(detailOf('temporal')).toContain(temporal.address);
  expect(detailOf('slack')).toContain('Socket Mode');
});

test('a mention is answered by way of all of them', async () => {
  const mention = await slack.post('ada', '#platform-eng', '@bellhop\n$ echo said in a sandbox');
  await slack.waitForAnswer(mention, /said in a sandbox/, 60_000);
  expect(model.calls.length).toBeGreaterThan(0);
  const turns = await database.database.query("select state from turn where state <> 'running'");
  expect(turns.rows).toEqual([{ state: 'answered' }]);
  const workflows = [];
  for await (const { type } of temporal.client.workflow.list()) workflows.push(type);
  expect(workflows.sort()).toEqual(['housekeeping', 'threadSession']);
}, 90_000);

test('stopping ends what was started, and leaves the parts of others alone', async () => {
  expect(await up.stop()).toBe(0);
  expect((await up.leftovers()).filter((each) => !each.startsWith('bellhop-'))).toEqual([]);
  expect((await database.database.query('select 1')).rowCount).toBe(1);
  await temporal.client.workflowService.getSystemInfo({});
});
