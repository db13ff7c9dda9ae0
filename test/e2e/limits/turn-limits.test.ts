import { brokenModelCalls } from '../../support/installation/conversations.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { agentProcesses } from '../../support/installation/sandboxes.ts';
import { toolSteps, waitForTurn } from '../../support/installation/turns.ts';
import { until } from '../../support/until.ts';

let bellhop: Installation;

beforeAll(async () => {
  // Nine seconds; and any answer uses more than one token, so that a second model call is one too many.
  bellhop = await startInstallation({ environment: { BELLHOP_TURN_MINUTES: '0.15', BELLHOP_TURN_TOKENS: '1' } });
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

test('a turn that has used up its tokens says so after the tools that were asked for', async () => {
  const mention = await bellhop.slack.post('ada', '#platform-eng', '@bellhop\n$ echo one\n$ echo two');
  await bellhop.slack.waitForAnswer(mention, /limit of one turn[\s\S]*1 tool call/, 60_000);
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'limit' });
  expect(await toolSteps(bellhop, mention)).toMatchObject([{ output: 'one\n' }]);
}, 90_000);

test("commands that outlast the turn's minutes are ended with it: one in its middle, the next before it begins", async () => {
  const lines = ['@bellhop', '$ sleep 600', '& $ echo never > never'];
  const mention = await bellhop.slack.post('ada', '#platform-eng', lines.join('\n'));
  await bellhop.slack.waitForAnswer(mention, /limit of one turn[\s\S]*2 tool calls/, 60_000);
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'limit' });
  expect(await toolSteps(bellhop, mention)).toMatchObject([
    { state: 'stopped', attempt: 1 },
    { state: 'stopped', attempt: 0 },
  ]);
  // The sandbox is settled after the turn has ended.
  await until(async () => (await agentProcesses(bellhop, mention)).length === 0, 'the end of all its processes');

  await bellhop.slack.post('ada', '#platform-eng', '@bellhop\n$ ls', { threadTs: mention.ts });
  expect(await waitForTurn(bellhop, mention, 2)).toMatchObject({ state: 'limit' });
  const said = JSON.stringify(bellhop.model.calls.at(-1)?.request?.messages);
  expect(said).toContain('Ended before it was finished');
  expect(said).toContain('Not run: this turn has reached its limit');
  expect(await toolSteps(bellhop, mention, 2)).toMatchObject([{ output: '' }]);
  expect(brokenModelCalls(bellhop)).toEqual([]);
}, 120_000);
