import { answersIn, brokenModelCalls, everythingSaid } from '../../support/installation/conversations.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { toolSteps, waitForTurn } from '../../support/installation/turns.ts';
import { until } from '../../support/until.ts';

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation({ environment: { BELLHOP_TURN_STEPS: '6' } });
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

const ask = (text: string) => bellhop.slack.post('ada', '#platform-eng', `@bellhop\n${text}`);

test('at its limit of steps a turn posts what it has and asks to go on; the next turn goes on', async () => {
  const lines = ['say working on it', '$ echo 1', '$ echo 2', 'say so far it looks good', '$ echo 3', '$ echo 4'];
  const mention = await ask(lines.join('\n'));
  const answer = await bellhop.slack.waitForAnswer(mention, /limit of one turn/, 60_000);
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'limit' });
  expect(answer.text).toContain('so far it looks good');
  expect(await toolSteps(bellhop, mention)).toHaveLength(3);

  await bellhop.slack.post('ada', '#platform-eng', '@bellhop go on', { threadTs: mention.ts });
  expect(await waitForTurn(bellhop, mention, 2)).toMatchObject({ state: 'answered' });
  expect(await toolSteps(bellhop, mention, 2)).toMatchObject([{ output: '4\n' }]);
  expect(brokenModelCalls(bellhop)).toEqual([]);
}, 90_000);

test('a model that is unavailable twice is asked again, and Temporal shows the attempts', async () => {
  const mention = await ask('$ echo one\nfail 503 x2\nsay recovered');
  await bellhop.slack.waitForAnswer(mention, /recovered[\s\S]*1 tool call/, 40_000);
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'answered' });
  expect(await answersIn(bellhop, mention)).toHaveLength(1);
  expect(await attemptsOf(mention)).toContain(3);
}, 60_000);

test('a model that asks for a long pause is told in the thread, and the words go when the wait is over', async () => {
  const mention = await ask('$ echo one\nfail 529 wait 35s\nsay recovered');
  const words = /The language model is overloaded and asked me to wait\. I try again in 35 s; nothing is lost\./;
  await bellhop.slack.waitForAnswer(mention, words, 30_000);
  await bellhop.slack.post('ada', '#platform-eng', 'stop', { threadTs: mention.ts });
  await bellhop.slack.waitForAnswer(mention, /Stopped by/, 30_000);
  const isGone = async () => (await answersIn(bellhop, mention)).every((text) => !words.test(text));
  await until(isGone, 'the words to go');
  expect(await answersIn(bellhop, mention)).toHaveLength(1);
}, 60_000);

test('what the model refuses for good is told in the thread at once', async () => {
  const before = bellhop.model.calls.length;
  const mention = await ask('$ echo one\nfail 400');
  await bellhop.slack.waitForAnswer(mention, /did not accept this request/, 30_000);
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'failed', failure: 'ModelRefusedRequest' });
  expect(bellhop.model.calls.length - before).toBe(2);

  const unauthorized = await ask('fail 401');
  await bellhop.slack.waitForAnswer(unauthorized, /key was refused/, 30_000);
}, 60_000);

test('of a long output the model gets 32 KB with the cut named, and up to 1 MB is kept', async () => {
  const mention = await ask('$ seq 1 20000\n$ seq 1 400000 | tail -c 2000000');
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'answered' });
  const [short, long] = await toolSteps(bellhop, mention);
  expect(short?.output).toBe(Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join(''));
  expect(Buffer.byteLength(long?.output ?? '')).toBeGreaterThan(1_000_000);
  expect(Buffer.byteLength(long?.output ?? '')).toBeLessThanOrEqual(1024 * 1024);
  expect(long?.output).toMatch(/400000\n$/);

  const { request } = bellhop.model.calls.at(-1) ?? {};
  const results = (request?.messages ?? []).flatMap(({ content }) =>
    typeof content === 'string' ? [] : content.filter((block) => block.type === 'tool_result'),
  );
  expect(results).toHaveLength(2);
  for (const result of results) {
    const text = JSON.stringify(result.content);
    expect(text).toMatch(/bytes left out here/);
    expect(text.length).toBeLessThan(40_000);
  }
  expect(request && everythingSaid(request)).toContain('of 2000000 bytes left out');
}, 60_000);

async function attemptsOf(thread: Parameters<typeof waitForTurn>[1]): Promise<number[]> {
  const { session } = await waitForTurn(bellhop, thread, 1);
  const history = await bellhop.temporal.client.workflow.getHandle(session).fetchHistory();
  return (history.events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) =>
    started?.attempt ? [started.attempt] : [],
  );
}
