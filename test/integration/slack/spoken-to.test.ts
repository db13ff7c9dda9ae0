/** What speaks to the agent, as Slack sends it and the gateway takes it: a mention that is said and not only shown, and words alone. */
import type { GatewayStage } from '../../support/gateway-stage.ts';
import { onGateway } from '../../support/on-gateway.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;

onGateway((begun) => {
  stage = begun;
});

const US = '<@U000BELLHOP>';

test.each([
  ['code', `what does \`${US} stop\` do?`, false],
  ['a block of code', `\`\`\`\n${US} deploy\n\`\`\``, false],
  ['a quotation', `&gt; ${US} deploy\nwho wrote this?`, false],
  ['a quotation to the end', `look:\n&gt;&gt;&gt; she wrote\n${US} deploy`, false],
  ['code, without rich text', `what does \`${US} stop\` do?`, true],
  ['a block of code, without rich text', `\`\`\`\n${US} deploy\n\`\`\``, true],
  ['a quotation, without rich text', `&gt; ${US} deploy\nwho wrote this?`, true],
  ['a quotation to the end, without rich text', `look:\n&gt;&gt;&gt; she wrote\n${US} deploy`, true],
])('our id in %s begins nothing', async (_, text, isPlain) => {
  const shown = await stage.slack.post('ada', 'general', text, {
    raw: true,
    ...(isPlain && { blocks: [{ type: 'divider' }] }),
  });
  const spoken = await stage.slack.post('ada', 'general', '@bellhop and now you');
  await stage.slack.waitForReaction(spoken, 'eyes');
  expect(await stage.rowOf(shown)).toBeUndefined();
  expect((await stage.slack.thread(shown))[0]?.reactions).toEqual([]);
  expect(await stage.runs(stage.sessionOf(shown))).toBe(0);
});

test.each(['stop', 'Stop!', 'stop please', 'please stop', '!stop'])(
  '"%s" of any member ends the work of a thread that the agent has joined, without a mention',
  async (word) => {
    const thread = await stage.begin();
    const stop = await stage.say('grace', thread, word);
    await stage.slack.waitForReaction(stop, 'octagonal_sign');
    expect((await stage.signals(stage.sessionOf(thread)))[1]).toMatchObject({
      name: 'stop',
      payload: { by: 'U00000GRACE' },
    });
  },
);

test('"stop" with more words is for the agent, and where it is not "stop" is for people', async () => {
  const thread = await stage.begin();
  await stage.slack.waitForReaction(await stage.say('grace', thread, 'stop counting weekends'), 'eyes');
  const signals = await stage.signals(stage.sessionOf(thread));
  expect(signals.map(({ name }) => name)).toEqual(['message', 'message']);
  const elsewhere = await stage.slack.post('ada', 'platform-eng', 'the drill is too loud');
  const stop = await stage.say('grace', elsewhere, 'stop please');
  await stage.begin();
  expect(await stage.rowOf(stop)).toBeUndefined();
});

test.each([
  ['STATUS?', /Nothing is running here/],
  ['help me', /These words I answer at once/],
])('"%s" in a thread that the agent has joined is answered without the model', async (word, answer) => {
  const thread = await stage.begin();
  const asked = await stage.say('grace', thread, word);
  await stage.slack.waitForWhisper('grace', answer);
  await until(async () => (await stage.rowOf(asked))?.state === 'answered', 'the row to be answered');
  expect(await stage.signals(stage.sessionOf(thread))).toHaveLength(1);
});
