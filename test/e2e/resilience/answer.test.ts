import { answersIn, brokenModelCalls } from '../../support/installation/conversations.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { sessionOf, waitForTurn } from '../../support/installation/turns.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);
afterEach(() => bellhop.slack.clearFaults());

test('SIGKILL of gateway and agent between placeholder and answer: one message, the final one', async () => {
  const mention = await bellhop.slack.post('ada', '#platform-eng', '@bellhop\n$ sleep 4; echo the end');
  const placeholder = await bellhop.slack.waitForAnswer(mention, /Working/);

  const { gateway, agent } = bellhop.processes;
  await Promise.all([gateway.kill('SIGKILL'), agent.kill('SIGKILL')]);
  await Promise.all([gateway.restart(), agent.restart()]);

  const answer = await bellhop.slack.waitForAnswer(mention, /the end\n[\s\S]*1 tool call/, 40_000);
  expect(Number(answer.ts)).toBeGreaterThan(Number(placeholder.ts));
  expect(await answersIn(bellhop, mention)).toHaveLength(1);
  expect(brokenModelCalls(bellhop)).toEqual([]);
}, 70_000);

test('SIGKILL of the gateway while the placeholder is on its way: one message, the final one', async () => {
  await bellhop.slack.fault({ delayMs: 'chat.postMessage', ms: 1_500, times: 1 });
  const mention = await bellhop.slack.post('ada', '#platform-eng', '@bellhop\n$ sleep 2; echo the end');
  const onItsWay = "select 1 from outbox where session = $1 and kind = 'message' and unsure";
  await until(
    async () => (await bellhop.database.query(onItsWay, [sessionOf(mention)])).rowCount === 1,
    'the placeholder to be on its way',
  );

  await bellhop.processes.gateway.kill('SIGKILL');
  await bellhop.processes.gateway.restart();

  await bellhop.slack.waitForAnswer(mention, /the end\n[\s\S]*1 tool call/, 40_000);
  expect(await answersIn(bellhop, mention)).toHaveLength(1);
}, 70_000);

test('SIGKILL of the gateway before it acknowledged, and before it started the work: one turn, one answer', async () => {
  const isQuiet = async () => (await bellhop.slack.deliveries()).every(({ acknowledged }) => acknowledged);
  await until(isQuiet, 'every event of the conversation before');
  await bellhop.temporal.stop();
  // Both events of this mention are stored, but Slack never hears so.
  await bellhop.slack.fault({ loseAcks: 2 });
  const notAcknowledged = await bellhop.slack.post('ada', '#platform-eng', '@bellhop\n$ echo not acknowledged');
  await untilStored(notAcknowledged);
  const notStarted = await bellhop.slack.post('grace', '#platform-eng', '@bellhop\n$ echo not started');
  await untilStored(notStarted);
  await until(
    async () => (await bellhop.slack.deliveries()).slice(-2).every(({ acknowledged }) => acknowledged),
    'the acknowledgement',
  );

  await bellhop.processes.gateway.kill('SIGKILL');
  await bellhop.temporal.start();
  await bellhop.processes.gateway.restart();

  await expectOneOfEach(notAcknowledged, /not acknowledged/);
  await expectOneOfEach(notStarted, /not started/);
  expect((await bellhop.slack.deliveries()).filter(({ sent }) => sent > 1).length).toBeGreaterThan(0);
}, 90_000);

test('SIGKILL of the gateway after the start, before it noted that: one turn, one answer', async () => {
  const holding = await bellhop.database.connect();
  let mention: SimMessage;
  try {
    // The note and the reaction are one transaction, which now waits.
    await holding.query('begin; lock table outbox in share row exclusive mode');
    mention = await bellhop.slack.post('ada', '#platform-eng', '@bellhop\n$ echo started');
    const handle = bellhop.temporal.client.workflow.getHandle(sessionOf(mention));
    await until(
      () =>
        handle.describe().then(
          () => true,
          () => false,
        ),
      'the workflow',
    );
    await bellhop.processes.gateway.kill('SIGKILL');
  } finally {
    await holding.query('rollback');
    holding.release();
  }
  await bellhop.processes.gateway.restart();

  await bellhop.slack.waitForReaction(mention);
  await expectOneOfEach(mention, /started/);
}, 70_000);

async function untilStored({ ts }: SimMessage): Promise<void> {
  const stored = async () => (await bellhop.database.query('select 1 from inbox where ts = $1', [ts])).rowCount === 1;
  await until(stored, `message ${ts} in the inbox`);
}

async function expectOneOfEach(mention: SimMessage, answer: RegExp): Promise<void> {
  const { session, state } = await waitForTurn(bellhop, mention, 1, 40_000);
  expect(state).toBe('answered');
  await bellhop.slack.waitForAnswer(mention, answer);
  await bellhop.slack.waitForAnswer(mention, /1 tool call/);
  expect(await answersIn(bellhop, mention)).toHaveLength(1);
  const { rows } = await bellhop.database.query(
    `select (select count(*)::int from turn where session = $1) as turns,
            (select count(*)::int from inbox where ts = $2) as messages`,
    [session, mention.ts],
  );
  expect(rows).toEqual([{ turns: 1, messages: 1 }]);
  const runs = await bellhop.temporal.client.workflow.count(`WorkflowId = '${session}'`);
  expect(runs.count).toBe(1);
}
