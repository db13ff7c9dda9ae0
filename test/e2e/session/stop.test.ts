import { setTimeout as sleep } from 'node:timers/promises';
import { STOP_ACTION } from '../../../slack/receiving/incoming.ts';
import { contention } from '../../support/contention.ts';
import { answersIn, brokenModelCalls, everythingSaid } from '../../support/installation/conversations.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { agentProcesses, untilInSandbox } from '../../support/installation/sandboxes.ts';
import { sessionOf, toolSteps, waitForTurn } from '../../support/installation/turns.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

const FELT_WITHIN_MS = 2_000;

type Stop = (thread: SimMessage) => Promise<unknown>;
const byMention: Stop = ({ ts }) => bellhop.slack.post('grace', '#platform-eng', '@bellhop stop', { threadTs: ts });
const byButton: Stop = async (thread) => {
  const status = await bellhop.slack.waitForAnswer(thread, /Working/);
  await bellhop.slack.click('grace', status, STOP_ACTION);
};

describe.each([
  { how: 'the word stop', stop: byMention },
  { how: 'the button', stop: byButton },
])('a stop by $how', ({ stop }) => {
  test('ends a command and what it left in the background within two seconds; a new message goes on', async () => {
    const mention = await bellhop.slack.post(
      'ada',
      '#platform-eng',
      '@bellhop\n$ setsid sleep 600 & touch here; sleep 500\n& $ echo never > never',
    );
    await untilInSandbox(bellhop, mention, 'test -e /workspace/here');
    await bellhop.slack.waitForAnswer(mention, /running sleep/);
    expect(await agentProcesses(bellhop, mention)).toContainEqual(expect.stringContaining('sleep 600'));

    const stopped = performance.now();
    await stop(mention);
    const felt = await Promise.all([
      since(
        stopped,
        until(async () => (await agentProcesses(bellhop, mention)).length === 0, 'the processes to end'),
      ),
      since(stopped, bellhop.slack.waitForAnswer(mention, /Stopped by/)),
    ]);
    expect(Math.max(...felt)).toBeLessThan(FELT_WITHIN_MS * contention());
    expect(await toolSteps(bellhop, mention)).toMatchObject([{ state: 'stopped' }, { state: 'stopped' }]);
    await expectNothingResumes(mention);
    await expectNewMessageGoesOn(mention);
  }, 60_000);

  test('ends a thinking model within two seconds; a new message goes on', async () => {
    const before = bellhop.model.calls.length;
    const mention = await bellhop.slack.post('ada', '#platform-eng', '@bellhop\n$ echo first\nthink 30s');
    await until(() => bellhop.model.calls.length === before + 2, 'the model to think');
    await bellhop.slack.waitForAnswer(mention, /thinking/);

    const stopped = performance.now();
    await stop(mention);
    const felt = await since(stopped, bellhop.slack.waitForAnswer(mention, /Stopped by/));
    expect(felt).toBeLessThan(FELT_WITHIN_MS * contention());
    await expectNothingResumes(mention);
    await expectNewMessageGoesOn(mention);
  }, 60_000);
});

async function expectNothingResumes(thread: SimMessage): Promise<void> {
  const calls = bellhop.model.calls.length;
  await sleep(3_000);
  expect(bellhop.model.calls).toHaveLength(calls);
  expect(await agentProcesses(bellhop, thread)).toEqual([]);
  expect(await answersIn(bellhop, thread)).toEqual([expect.stringMatching(/Stopped by/)]);
  const turns = await bellhop.database.query('select state, stopped_by from turn where session = $1', [
    sessionOf(thread),
  ]);
  expect(turns.rows).toEqual([{ state: 'stopped', stopped_by: expect.stringMatching(/^U/) }]);
}

async function expectNewMessageGoesOn(thread: SimMessage): Promise<void> {
  await bellhop.slack.post('ada', '#platform-eng', '@bellhop\n$ echo again', { threadTs: thread.ts });
  expect(await waitForTurn(bellhop, thread, 2)).toMatchObject({ state: 'answered' });
  await bellhop.slack.waitForAnswer(thread, /again\n/);
  const { request } = bellhop.model.calls.at(-1) ?? {};
  expect(request && everythingSaid(request)).toContain('<stopped by=');
  expect(brokenModelCalls(bellhop)).toEqual([]);
}

async function since(start: number, happened: Promise<unknown>): Promise<number> {
  await happened;
  return performance.now() - start;
}
