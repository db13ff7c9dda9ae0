import { brokenModelCalls, everythingSaid } from '../../support/installation/conversations.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { toolSteps, waitForTurn } from '../../support/installation/turns.ts';

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);
afterEach(() => expect(brokenModelCalls(bellhop)).toEqual([]));

test('read_thread gives the model what Slack has of the thread, through the gateway, without a sandbox', async () => {
  const { slack } = bellhop;
  const root = await slack.post('grace', '#platform-eng', 'the numbers of May are late');
  await slack.post('linus', '#platform-eng', 'I look at it', { threadTs: root.ts });
  const mention = await slack.post('ada', '#platform-eng', '@bellhop\ncall read_thread {}', { threadTs: root.ts });
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'answered' });
  expect(await toolSteps(bellhop, mention)).toMatchObject([{ tool: 'read_thread', state: 'done', attempt: 1 }]);
  const request = bellhop.model.calls.at(-1)?.request;
  const said = request ? everythingSaid(request) : '';
  expect(said).toMatch(/grace \(member\): the numbers of May are late/);
  expect(said).toMatch(/linus \(member\): I look at it/);
  await slack.waitForAnswer(root, /1 tool call/);
  expect(bellhop.processes.gateway.output()).not.toMatch(/permission denied/);
}, 60_000);

test('"catch me up" works with nothing connected: channel and pins are read side by side', async () => {
  const { slack } = bellhop;
  const note = await slack.post('grace', '#general', 'we move on Friday');
  slack.simulator.world.pins.add(`${note.channel}:${note.ts}`);
  const mention = await slack.post('ada', '#general', '@bellhop\ncall read_channel {}\n& call read_pins {}');
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'answered' });
  expect(await toolSteps(bellhop, mention)).toMatchObject([
    { tool: 'read_channel', state: 'done' },
    { tool: 'read_pins', state: 'done' },
  ]);
  const request = bellhop.model.calls.at(-1)?.request;
  expect((request ? everythingSaid(request) : '').match(/we move on Friday/g)?.length).toBeGreaterThanOrEqual(2);
  expect(bellhop.processes.gateway.output()).not.toMatch(/permission denied/);
}, 60_000);

test('a gateway that is killed under a tool call costs an attempt, and the call is done by the next one', async () => {
  const { slack } = bellhop;
  await slack.fault({ delayMs: 'conversations.replies', ms: 6_000, times: 1 });
  const mention = await slack.post('ada', '#platform-eng', '@bellhop\ncall read_thread {}');
  const asked = async () => (await slack.calls('conversations.replies')).length;
  const before = await asked();
  await waitForStep(mention);
  await bellhop.processes.gateway.kill('SIGKILL');
  await bellhop.processes.gateway.restart();
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'answered' });
  expect(await toolSteps(bellhop, mention)).toMatchObject([{ tool: 'read_thread', state: 'done', attempt: 2 }]);
  expect(await asked()).toBeGreaterThanOrEqual(before);
}, 90_000);

async function waitForStep(mention: Parameters<typeof toolSteps>[1]): Promise<void> {
  for (;;) {
    const [step] = await toolSteps(bellhop, mention);
    if (step?.state === 'running') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
