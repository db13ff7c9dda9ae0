import { answersIn, brokenModelCalls } from '../../support/installation/conversations.ts';
import { type Installation, type ProcessName, startInstallation } from '../../support/installation/installation.ts';
import { inSandbox, untilInSandbox } from '../../support/installation/sandboxes.ts';
import { toolSteps, waitForTurn } from '../../support/installation/turns.ts';
import { until } from '../../support/until.ts';

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

const COMMAND = 'echo start >> /workspace/ran; for i in $(seq 1 6); do echo line $i; sleep 1; done';
const WHOLE = [1, 2, 3, 4, 5, 6].map((i) => `line ${i}\n`).join('');

async function again(name: ProcessName, signal: NodeJS.Signals): Promise<void> {
  await bellhop.processes[name].kill(signal);
  await bellhop.processes[name].restart();
}

test.each([
  { signal: 'SIGKILL', names: ['runner'] },
  { signal: 'SIGKILL', names: ['agent'] },
  { signal: 'SIGTERM', names: ['runner', 'agent'] },
] as const)(
  'after $signal of $names in the middle of a command and of a model call all is done once',
  async (given) => {
    const callsBefore = bellhop.model.calls.length;
    const working = await bellhop.slack.post('ada', '#platform-eng', `@bellhop\n$ ${COMMAND}\n$ echo and then`);
    const thinking = await bellhop.slack.post('grace', '#general', '@bellhop\n$ echo thought\nthink 5s');
    await untilInSandbox(bellhop, working, 'test -e /workspace/ran');
    await until(() => bellhop.model.calls.length - callsBefore >= 3, 'the model call that takes its time');

    await Promise.all(given.names.map((name) => again(name, given.signal)));

    const turns = await Promise.all([
      waitForTurn(bellhop, working, 1, 45_000),
      waitForTurn(bellhop, thinking, 1, 45_000),
    ]);
    expect(turns.map(({ state }) => state)).toEqual(['answered', 'answered']);
    expect(await inSandbox(bellhop, working, 'cat /workspace/ran')).toBe('start');
    expect(await toolSteps(bellhop, working)).toMatchObject([
      { output: WHOLE, exitCode: 0 },
      { output: 'and then\n', exitCode: 0 },
    ]);
    await bellhop.slack.waitForAnswer(working, /and then/);
    await bellhop.slack.waitForAnswer(thinking, /thought/);
    expect(await answersIn(bellhop, working)).toHaveLength(1);
    expect(await answersIn(bellhop, thinking)).toHaveLength(1);
    expect(brokenModelCalls(bellhop)).toEqual([]);
  },
  70_000,
);
