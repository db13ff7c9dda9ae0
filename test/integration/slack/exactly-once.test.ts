import { type GatewayStage, startGatewayStage } from '../../support/gateway-stage.ts';
import { type SpawnedWorker, spawnWorker } from '../../support/spawn-worker.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;
const processes: SpawnedWorker[] = [];

beforeAll(async () => {
  stage = await startGatewayStage();
}, 60_000);
afterEach(async () => {
  await stage.slack.clearFaults();
  await Promise.all(processes.splice(0).map((process) => process.kill('SIGKILL')));
});
afterAll(() => stage?.[Symbol.asyncDispose]());

/** The gateway as it runs in an installation: a process of its own. */
async function gatewayProcess(temporalAddress = stage.temporal.address): Promise<SpawnedWorker> {
  const process = spawnWorker('gateway', {
    ...stage.slack.environment,
    BELLHOP_DATABASE_URL: stage.db.url,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: 'bellhop',
  });
  processes.push(process);
  await process.ready();
  return process;
}

async function rowsOf(ts: string): Promise<Record<string, unknown>[]> {
  return (await stage.inbox()).filter((row) => row.ts === ts);
}

test('app_mention and message, each delivered five times, are one row, one workflow and one signal', async () => {
  const { slack } = stage;
  const gateway = await stage.start();
  await slack.fault({ redeliver: 5 });
  const mention = await slack.post('ada', 'platform-eng', '@bellhop once, please');
  await slack.waitForReaction(mention, 'eyes');
  await until(async () => {
    const sent = (await slack.deliveries()).filter((delivery) => delivery.sent >= 5);
    return sent.length >= 2;
  }, 'ten deliveries');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await rowsOf(mention.ts)).toHaveLength(1);
  expect(await stage.runs(stage.sessionOf(mention))).toBe(1);
  expect(await stage.signals(stage.sessionOf(mention))).toHaveLength(1);
  await gateway.stop();
});

test('a gateway killed after it stored a mention and before Slack heard of it leaves exactly one', async () => {
  const { slack } = stage;
  const first = await gatewayProcess();
  // Slack hears nothing of what is acknowledged, as if the process had died on the way.
  await slack.fault({ loseAcks: 1_000 });
  const mention = await slack.post('ada', 'platform-eng', '@bellhop survive the first crash');
  await until(async () => (await rowsOf(mention.ts)).length > 0, 'the row');
  await first.kill('SIGKILL');
  await slack.clearFaults();
  await gatewayProcess();
  await slack.waitForReaction(mention, 'eyes', 20_000);
  await until(async () => {
    const ours = (await slack.deliveries()).filter((delivery) => delivery.sent > 1);
    return ours.length >= 2 && ours.every((delivery) => delivery.acknowledged);
  }, 'both deliveries to come again');
  expect(await rowsOf(mention.ts)).toHaveLength(1);
  expect(await stage.runs(stage.sessionOf(mention))).toBe(1);
}, 60_000);

test('a gateway killed after the acknowledgement and before the start leaves exactly one', async () => {
  const { slack } = stage;
  const first = await gatewayProcess('127.0.0.1:1');
  const mention = await slack.post('ada', 'platform-eng', '@bellhop survive the second crash');
  await until(async () => {
    const ours = (await slack.deliveries()).slice(-2);
    return ours.every((delivery) => delivery.acknowledged) && (await rowsOf(mention.ts)).length === 1;
  }, 'the acknowledged row');
  expect(await stage.runs(stage.sessionOf(mention))).toBe(0);
  await first.kill('SIGKILL');
  await gatewayProcess();
  await slack.waitForReaction(mention, 'eyes', 20_000);
  expect(await stage.runs(stage.sessionOf(mention))).toBe(1);
  expect(await stage.signals(stage.sessionOf(mention))).toHaveLength(1);
}, 60_000);

test('the process says when it is ready, and drains at SIGTERM with exit code 0', async () => {
  const gateway = await gatewayProcess();
  const mention = await stage.slack.post('ada', 'platform-eng', '@bellhop just before the end');
  await until(async () => (await rowsOf(mention.ts)).length === 1, 'the row');
  expect(await gateway.kill('SIGTERM')).toBe(0);
  expect(gateway.output()).not.toMatch(/xoxb-|xapp-/);
  await stage.start().then((next) => next.stop());
}, 30_000);
