import { containersOf, docker } from '../../support/installation/containers.ts';
import { answersIn, brokenModelCalls, everythingSaid } from '../../support/installation/conversations.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { agentProcesses, containerOf, inSandbox, untilInSandbox } from '../../support/installation/sandboxes.ts';
import { sessionOf, toolSteps, waitForTurn } from '../../support/installation/turns.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation({
    environment: { BELLHOP_PAUSE_AFTER_SECONDS: '2', BELLHOP_REMOVE_AFTER_SECONDS: '4' },
  });
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);
afterEach(() => expect(brokenModelCalls(bellhop)).toEqual([]));

/** An untagged reply in the thread, kept before this returns. */
async function reply(thread: SimMessage, text: string): Promise<SimMessage> {
  const message = await bellhop.slack.post('ada', '#platform-eng', text, { threadTs: thread.ts });
  await bellhop.slack.waitForReaction(message);
  return message;
}

test('a turn that does the same again and again ends and says what it was, and goes on when it is asked to', async () => {
  // Times that were slow, because a sandbox began or the machine is busy, put the end off.
  const lines = ['@bellhop', 'say I look for it', ...Array.from({ length: 40 }, () => '$ ls nowhere')];
  const mention = await bellhop.slack.post('ada', '#platform-eng', lines.join('\n'));
  const answer = await bellhop.slack.waitForAnswer(mention, /going in circles/, 60_000);
  expect(answer.text).toMatch(/I look for it[\s\S]*same result [67] times in a row:[\s\S]*ls nowhere/);
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'limit' });
  const { length } = await toolSteps(bellhop, mention);
  expect(length).toBeGreaterThanOrEqual(6);
  expect(length).toBeLessThan(40);

  await reply(mention, 'go on');
  await waitForTurn(bellhop, mention, 2);
  expect((await toolSteps(bellhop, mention, 2)).length).toBeGreaterThan(0);
}, 90_000);

test('a message during a tool call is in the next model call of the same turn', async () => {
  const mention = await bellhop.slack.post(
    'ada',
    '#platform-eng',
    '@bellhop\n$ touch here; until test -e go; do sleep 0.1; done',
  );
  await untilInSandbox(bellhop, mention, 'test -e /workspace/here');
  const callsBefore = bellhop.model.calls.length;
  await reply(mention, '$ echo steered');
  await inSandbox(bellhop, mention, 'touch /workspace/go');

  await bellhop.slack.waitForAnswer(mention, /steered\n[\s\S]*2 tool calls/);
  const next = bellhop.model.calls[callsBefore]?.request;
  expect(next && everythingSaid(next)).toContain('$ echo steered');
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'answered' });
  expect(await answersIn(bellhop, mention)).toHaveLength(1);
}, 60_000);

test('a message that is edited before it is read is followed as it was edited', async () => {
  const mention = await bellhop.slack.post(
    'ada',
    '#platform-eng',
    '@bellhop\n$ touch here; until test -e go; do sleep 0.1; done',
  );
  await untilInSandbox(bellhop, mention, 'test -e /workspace/here');
  const callsBefore = bellhop.model.calls.length;
  const waits = await reply(mention, '$ echo from before');
  await bellhop.slack.edit('ada', waits, '$ echo from after');
  const isKept = "select 1 from inbox where kind = 'edit' and edits = $1 and state = 'context'";
  await until(async () => (await bellhop.database.query(isKept, [waits.ts])).rowCount === 1, 'the edit to be kept');
  await inSandbox(bellhop, mention, 'touch /workspace/go');

  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'answered' });
  expect((await toolSteps(bellhop, mention)).map(({ output }) => output)).toEqual(['', 'from after\n']);
  // The model is told both, in one request, so none acts on the words of before alone.
  const next = bellhop.model.calls[callsBefore]?.request;
  const told = next ? everythingSaid(next) : '';
  expect(told).toMatch(/from before[\s\S]*<edited [\s\S]*from before[\s\S]*from after/);
}, 60_000);

test('a message during the last model call keeps the turn going, and its one message holds both answers', async () => {
  const before = bellhop.model.calls.length;
  const mention = await bellhop.slack.post('ada', '#platform-eng', '@bellhop\n$ echo one\nthink 3s\nsay first said');
  await until(() => bellhop.model.calls.length === before + 2, 'the last model call');
  await reply(mention, '$ echo two');

  await bellhop.slack.waitForAnswer(mention, /first said[\s\S]*two\n[\s\S]*2 tool calls/);
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'answered' });
  expect(await answersIn(bellhop, mention)).toHaveLength(1);
  const turns = await bellhop.database.query('select 1 from turn where session = $1', [sessionOf(mention)]);
  expect(turns.rowCount).toBe(1);
}, 60_000);

test('an idle sandbox is paused and wakes up, then removed with its files kept for a new run of the session', async () => {
  const mention = await bellhop.slack.post('ada', '#platform-eng', '@bellhop\n$ echo of turn one > note');
  await waitForTurn(bellhop, mention, 1);
  const container = await containerOf(bellhop, mention);
  const created = await docker('inspect', '-f', '{{.Created}}', container);
  const isPaused = async () => (await docker('inspect', '-f', '{{.State.Paused}}', container)) === 'true';
  await until(isPaused, 'the pause', 20_000);

  await reply(mention, '$ cat note');
  expect(await waitForTurn(bellhop, mention, 2)).toMatchObject({ state: 'answered' });
  expect(await toolSteps(bellhop, mention, 2)).toMatchObject([{ output: 'of turn one\n' }]);
  expect(await docker('inspect', '-f', '{{.Created}}', container)).toBe(created);

  const session = bellhop.temporal.client.workflow.getHandle(sessionOf(mention));
  await until(async () => (await session.describe()).status.name === 'COMPLETED', 'the session to end', 20_000);
  expect(await containersOf(bellhop.id)).not.toContain(container);
  const { rows } = await bellhop.database.query('select state from session where id = $1', [sessionOf(mention)]);
  expect(rows).toEqual([{ state: 'closed' }]);

  await reply(mention, '$ setsid sleep 600 & cat note');
  expect(await waitForTurn(bellhop, mention, 3)).toMatchObject({ state: 'answered' });
  expect(await toolSteps(bellhop, mention, 3)).toMatchObject([{ output: 'of turn one\n' }]);
  expect(await docker('inspect', '-f', '{{.Created}}', container)).not.toBe(created);
  await bellhop.slack.waitForAnswer(mention, /setsid sleep/);
  expect(await answersIn(bellhop, mention)).toHaveLength(3);
  // Nothing of a turn goes on in the background, in the name of whoever speaks next.
  await until(async () => (await agentProcesses(bellhop, mention)).length === 0, 'the background job to end');
}, 90_000);
