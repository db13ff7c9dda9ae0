import { setTimeout as sleep } from 'node:timers/promises';
import { answersIn, brokenModelCalls } from '../../support/installation/conversations.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { inSandbox, untilInSandbox } from '../../support/installation/sandboxes.ts';
import { sessionOf, toolSteps, waitForTurn } from '../../support/installation/turns.ts';

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

const AWAY_MS = 30_000;
/** Ends while Temporal is away. */
const COMMAND = 'echo start >> /workspace/ran; for i in $(seq 1 12); do echo line $i; sleep 1; done';
const WHOLE = Array.from({ length: 12 }, (_, index) => `line ${index + 1}\n`).join('');
/** Ends after Temporal has come back. */
const LONGER = 'echo start >> /workspace/ran; sleep 36; echo whole';

test('30 s without Temporal: commands run once and whole, and what was said meanwhile is answered', async () => {
  const short = await bellhop.slack.post('ada', '#platform-eng', `@bellhop\n$ ${COMMAND}\n$ echo and then`);
  const long = await bellhop.slack.post('grace', '#platform-eng', `@bellhop\n$ ${LONGER}`);
  await untilInSandbox(bellhop, short, 'test -e /workspace/ran');
  await untilInSandbox(bellhop, long, 'test -e /workspace/ran');

  await bellhop.temporal.stop();
  const meanwhile = await bellhop.slack.post('linus', '#general', '@bellhop\n$ echo late but here');
  const followUp = bellhop.slack.post('grace', '#platform-eng', '$ echo told meanwhile', { threadTs: long.ts });
  await sleep(AWAY_MS);
  await followUp;
  await bellhop.temporal.start();

  for (const thread of [short, long, meanwhile]) {
    expect(await waitForTurn(bellhop, thread, 1, 45_000)).toMatchObject({ state: 'answered' });
  }
  expect(await inSandbox(bellhop, short, 'cat /workspace/ran')).toBe('start');
  expect(await inSandbox(bellhop, long, 'cat /workspace/ran')).toBe('start');
  expect(await toolSteps(bellhop, short)).toMatchObject([
    { output: WHOLE, exitCode: 0 },
    { output: 'and then\n', exitCode: 0 },
  ]);
  expect(await toolSteps(bellhop, long)).toMatchObject([
    { output: 'whole\n', exitCode: 0 },
    { output: 'told meanwhile\n', exitCode: 0 },
  ]);
  await bellhop.slack.waitForAnswer(short, /and then/);
  await bellhop.slack.waitForAnswer(long, /told meanwhile/);
  await bellhop.slack.waitForAnswer(meanwhile, /late but here/);
  for (const thread of [short, long, meanwhile]) expect(await answersIn(bellhop, thread)).toHaveLength(1);
  const turns = await bellhop.database.query('select session from turn order by session');
  expect(turns.rows.map(({ session }) => session)).toEqual([short, long, meanwhile].map(sessionOf).sort());
  expect(brokenModelCalls(bellhop)).toEqual([]);
}, 110_000);
