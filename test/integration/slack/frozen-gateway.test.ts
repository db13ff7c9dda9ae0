import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { plainEnvironment } from '../../support/plain-environment.ts';
import { type SimMessage, startTestSlack, type TestSlack } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

/** Longer than all that a gateway of `children/gateway.ts` reads again for good measure. */
const FROZEN_MS = 2_500;

let slack: TestSlack;
let db: TestDatabase;
const children = new Set<ChildProcess>();
const simulators = new Set<ChildProcess>();

beforeEach(async () => {
  // As in Slack: an event for which there is no connection is not kept.
  [slack, db] = await Promise.all([startTestSlack({ holdWithoutSocket: false }), createTestDatabase()]);
}, 60_000);
afterEach(async () => {
  for (const child of [...children, ...simulators]) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  children.clear();
  simulators.clear();
  await slack[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

async function startGateway(environment: Readonly<Record<string, string>> = {}): Promise<ChildProcess> {
  const file = path.join(import.meta.dirname, '..', '..', 'support', 'children', 'gateway.ts');
  const env = { ...plainEnvironment(), ...slack.environment, BELLHOP_DATABASE_URL: db.url, ...environment };
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  await once(child.stdout ?? child, 'data');
  await until(async () => (await watermarks()).length === children.size, 'the watermark');
  return child;
}

/** A Slack in a process of its own, which can be frozen. Returns the environment of a gateway that connects to it. */
async function startSlackProcess(): Promise<{ child: ChildProcess; environment: Record<string, string> }> {
  const tokens = { SLACK_APP_TOKEN: 'xapp-frozen', SLACK_BOT_TOKEN: 'xoxb-frozen' };
  const env = { ...plainEnvironment(), ...tokens, SLACK_SIM_CONTROL_TOKEN: 'a control token of this test' };
  const file = path.join(import.meta.dirname, '..', '..', '..', 'simulators', 'slack', 'main.ts');
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  simulators.add(child);
  const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  return {
    child,
    environment: { ...tokens, SLACK_API_URL: (JSON.parse(line.toString()) as { apiUrl: string }).apiUrl },
  };
}

async function watermarks(): Promise<Date[]> {
  const { rows } = await db.database.query<{ seen_until: Date }>('select seen_until from slack_watermark');
  return rows.map((row) => row.seen_until);
}

async function isKept(message: SimMessage): Promise<boolean> {
  return (await db.database.query('select 1 from inbox where ts = $1', [message.ts])).rowCount === 1;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('a mention is not lost when the gateway is frozen and Slack gives its connection up meanwhile', async () => {
  const gateway = await startGateway();
  gateway.kill('SIGSTOP');
  await pause(200);
  await slack.fault({ disconnect: 'abrupt' });
  const mention = await slack.post('ada', 'platform-eng', '@bellhop while you are frozen');
  await pause(FROZEN_MS);
  gateway.kill('SIGCONT');
  await until(() => isKept(mention), 'the mention');
}, 30_000);

test('a mention is not lost when the gateway is frozen and its connection survives, but Slack did not send the event', async () => {
  const gateway = await startGateway();
  gateway.kill('SIGSTOP');
  await pause(200);
  await slack.fault({ loseEvents: 100 });
  const mention = await slack.post('ada', 'platform-eng', '@bellhop while you are frozen');
  await pause(FROZEN_MS);
  await slack.clearFaults();
  gateway.kill('SIGCONT');
  await until(() => isKept(mention), 'the mention');
}, 30_000);

test('the watermark of a frozen gateway stands still, and moves on by proofs when it is awake', async () => {
  const gateway = await startGateway();
  const [first] = await watermarks();
  await until(async () => Number((await watermarks())[0]) > Number(first), 'a pong that proves the connection', 15_000);
  gateway.kill('SIGSTOP');
  await pause(300);
  const [frozen] = await watermarks();
  expect(Number(frozen)).toBeLessThanOrEqual(Date.now() - 300);
  await pause(1_000);
  expect(await watermarks()).toEqual([frozen]);
  gateway.kill('SIGCONT');
  await until(async () => Number((await watermarks())[0]) > Number(frozen), 'the watermark to move on', 15_000);
}, 60_000);

test('the watermark stands still while Slack answers nothing, though the gateway works and its connection is open', async () => {
  const { child, environment } = await startSlackProcess();
  await startGateway(environment);
  const [first] = await watermarks();
  await until(async () => Number((await watermarks())[0]) > Number(first), 'a pong that proves the connection', 15_000);
  child.kill('SIGSTOP');
  const frozenAt = Date.now();
  await pause(FROZEN_MS);
  expect(Number((await watermarks())[0])).toBeLessThanOrEqual(frozenAt);
  child.kill('SIGCONT');
  await until(async () => Number((await watermarks())[0]) > frozenAt, 'the watermark to move on', 15_000);
}, 60_000);

test('what Slack sent to a gateway that died is read by another one, whose own connection was fine', async () => {
  const dying = await startGateway();
  await startGateway();
  dying.kill('SIGSTOP');
  await pause(500);
  // Slack chooses the dying one, and never sends it again.
  await slack.fault({ loseEvents: 2 });
  const mention = await slack.post('ada', 'platform-eng', '@bellhop is anybody there?');
  await pause(FROZEN_MS);
  expect(await isKept(mention)).toBe(false);
  dying.kill('SIGKILL');
  await db.database.query(
    `update slack_watermark set beat_at = now() - interval '2 minutes'
     where gateway = (select gateway from slack_watermark order by beat_at limit 1)`,
  );
  await until(() => isKept(mention), 'the mention');
  await until(async () => (await watermarks()).length === 1, 'the row of the dead gateway to end');
}, 60_000);

test('a mention is not lost when the clock of the gateway is an hour ahead of the others', async () => {
  const shifted = 'const now = Date.now; Date.now = () => now() + 3_600_000;';
  await startGateway({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(shifted)}` });
  const heard = await slack.post('ada', 'platform-eng', '@bellhop what time is it?');
  await until(() => isKept(heard), 'the first mention');
  expect(Number((await watermarks())[0])).toBeLessThanOrEqual(Date.now());
  await slack.fault({ loseEvents: 2 });
  const mention = await slack.post('ada', 'platform-eng', '@bellhop while you are away');
  await slack.fault({ disconnect: 'abrupt' });
  await until(() => isKept(mention), 'the mention');
}, 30_000);
