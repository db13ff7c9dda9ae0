import { putMessage } from '../../../store/outbox.ts';
import { type GatewayStage, startGatewayStage, TEAM } from '../../support/gateway-stage.ts';
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

test('a gateway killed while Slack works on its post: the next one finds the message and changes it', async () => {
  const { slack, db } = stage;
  const first = await gatewayProcess();
  const parent = await slack.post('ada', 'platform-eng', 'a thread');
  const place = { team: TEAM, channel: parent.channel, threadTs: parent.ts, session: stage.sessionOf(parent) };
  const message = (text: string, final: boolean) =>
    putMessage(db.database, { ...place, key: 'killed/answer', body: { kind: 'answer', text }, final });
  // The post takes effect only after the process that asked for it is gone.
  await slack.fault({ delayMs: 'chat.postMessage', ms: 1_500, times: 1 });
  await message('half', false);
  await until(async () => {
    const { rows } = await db.database.query("select unsure from outbox where key = 'killed/answer'");
    return rows[0]?.unsure === true;
  }, 'the post to be under way');
  await new Promise((resolve) => setTimeout(resolve, 200));
  await first.kill('SIGKILL');
  await message('whole', true);
  await gatewayProcess();
  await slack.waitForAnswer(parent, /whole/, 30_000);
  expect(await slack.answers(parent)).toHaveLength(1);
}, 60_000);

test('the process says when it is ready, and drains at SIGTERM with exit code 0', async () => {
  const gateway = await gatewayProcess();
  const mention = await stage.slack.post('ada', 'platform-eng', '@bellhop just before the end');
  await until(async () => (await rowsOf(mention.ts)).length === 1, 'the row');
  expect(await gateway.kill('SIGTERM')).toBe(0);
  expect(gateway.output()).not.toMatch(/xoxb-|xapp-/);
  await stage.start().then((next) => next.stop());
}, 30_000);
