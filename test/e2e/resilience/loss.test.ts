import { setTimeout as sleep } from 'node:timers/promises';
import { docker } from '../../support/installation/containers.ts';
import { answersIn, brokenModelCalls } from '../../support/installation/conversations.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { containerOf, inSandbox, untilInSandbox } from '../../support/installation/sandboxes.ts';
import { toolSteps, waitForTurn } from '../../support/installation/turns.ts';
import { withoutDatabase } from '../../support/installation/without-database.ts';
import { until } from '../../support/until.ts';

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);
afterEach(() => expect(brokenModelCalls(bellhop)).toEqual([]));

test('10 s without PostgreSQL in a turn: the command ran once, and what was said meanwhile is answered', async () => {
  const command = 'echo start >> ran; for i in $(seq 1 6); do echo line $i; sleep 1; done';
  const working = await bellhop.slack.post('ada', '#platform-eng', `@bellhop\n$ ${command}\n$ echo and then`);
  const before = bellhop.model.calls.length;
  const thinking = await bellhop.slack.post('grace', '#general', '@bellhop\n$ echo thought\nthink 4s');
  await untilInSandbox(bellhop, working, 'test -e /workspace/ran');
  await until(() => bellhop.model.calls.length - before >= 3, 'the model call that takes its time');

  let meanwhile = working;
  await withoutDatabase(bellhop, async () => {
    meanwhile = await bellhop.slack.post('linus', '#general', '@bellhop\n$ echo said meanwhile');
    await sleep(10_000);
  });

  for (const thread of [working, thinking, meanwhile]) {
    expect(await waitForTurn(bellhop, thread, 1, 60_000)).toMatchObject({ state: 'answered' });
  }
  await bellhop.slack.waitForAnswer(working, /and then[\s\S]*2 tool calls/);
  await bellhop.slack.waitForAnswer(thinking, /thought[\s\S]*1 tool call/);
  await bellhop.slack.waitForAnswer(meanwhile, /said meanwhile[\s\S]*1 tool call/);
  expect(await inSandbox(bellhop, working, 'cat /workspace/ran')).toBe('start');
  const whole = [1, 2, 3, 4, 5, 6].map((i) => `line ${i}\n`).join('');
  expect(await toolSteps(bellhop, working)).toMatchObject([{ output: whole }, { output: 'and then\n' }]);
  for (const thread of [working, thinking, meanwhile]) expect(await answersIn(bellhop, thread)).toHaveLength(1);
}, 100_000);

test('a container that vanishes or stops: only its command is lost, and the turn goes on with the files', async () => {
  const lines = ['$ echo kept > note; sleep 120', 'read note', '$ touch again; sleep 120', '$ cat note'];
  const mention = await bellhop.slack.post('ada', '#platform-eng', ['@bellhop', ...lines].join('\n'));
  await untilInSandbox(bellhop, mention, 'test -e /workspace/note');
  await docker('rm', '-f', await containerOf(bellhop, mention));
  await untilInSandbox(bellhop, mention, 'test -e /workspace/again');
  await docker('kill', await containerOf(bellhop, mention));

  expect(await waitForTurn(bellhop, mention, 1, 60_000)).toMatchObject({ state: 'answered' });
  expect(await toolSteps(bellhop, mention)).toMatchObject([
    { tool: 'bash', exitCode: null, state: 'failed' },
    { tool: 'read_file', state: 'done' },
    { tool: 'bash', exitCode: null, state: 'failed' },
    { tool: 'bash', output: 'kept\n', attempt: 1 },
  ]);
  await bellhop.slack.waitForAnswer(mention, /outcome unknown[\s\S]*4 tool calls/);
  expect(await answersIn(bellhop, mention)).toHaveLength(1);
}, 100_000);
