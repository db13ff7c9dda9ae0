import { type GatewayStage, startGatewayStage } from '../../support/gateway-stage.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';
import { putInto } from './support/outbox-rows.ts';

let stage: GatewayStage;

beforeEach(async () => {
  stage = await startGatewayStage();
  await stage.start();
}, 60_000);
afterEach(() => stage?.[Symbol.asyncDispose]());

/** What the app said to somebody alone, in their direct message. */
async function toldInPrivate(matches: RegExp, who = 'ada'): Promise<void> {
  const dm = await stage.slack.openDm(who);
  await until(
    async () => (await stage.slack.state()).messages.some((said) => said.channel === dm && matches.test(said.text)),
    `a direct message with ${matches}`,
  );
}

async function asked(): Promise<SimMessage> {
  const mention = await stage.slack.post('ada', 'platform-eng', '@bellhop chart the signups');
  await stage.slack.waitForReaction(mention, 'eyes');
  return mention;
}

const answered = (mention: SimMessage) =>
  putInto(stage, mention, `${stage.sessionOf(mention)}/1/answer`, { kind: 'answer', text: 'Here it is.' }, true);

test.each([
  ['not_in_channel', /not in that channel any more.*\/invite/, () => stage.slack.dismiss('platform-eng', 'bellhop')],
  ['restricted_action', /only some people post/, () => stage.slack.changeChannel('platform-eng', { restricted: true })],
  ['is_archived', /channel is archived/, () => stage.slack.changeChannel('platform-eng', { archived: true })],
])('an answer refused with %s is told to the person in a direct message', async (code, reason, strike) => {
  const mention = await asked();
  await strike();
  await answered(mention);
  await toldInPrivate(reason);
  await toldInPrivate(new RegExp(`\\(${code}\\)`));
});

test('a private channel that the agent was taken out of is told as one it is not in', async () => {
  const mention = await stage.slack.post('ada', 'secops', '@bellhop who is on call?');
  await stage.slack.waitForReaction(mention, 'eyes');
  await stage.slack.dismiss('secops', 'bellhop');
  await answered(mention);
  await toldInPrivate(/not in that channel any more/);
});

test('where the direct message is refused as well, the reaction is taken back', async () => {
  const mention = await asked();
  await stage.slack.fault({ failWith: 'chat.postMessage', error: 'restricted_action', times: 3 });
  await answered(mention);
  await until(async () => (await stage.slack.thread(mention))[0]?.reactions.length === 0, 'the reaction to go');
});

test('an answer for one person alone that is refused is told in a direct message', async () => {
  await stage.slack.changeChannel('platform-eng', { restricted: true });
  await stage.slack.post('ada', 'platform-eng', '@bellhop help');
  await toldInPrivate(/only some people post/);
});

test('what answers a stop or a choice of a model is told to who wrote it, and not to who asked last', async () => {
  const { slack } = stage;
  const mention = await asked();
  await stage.temporal.client.workflow.getHandle(stage.sessionOf(mention)).terminate('rested');
  await stage.db.database.query('update inbox set turn = 1 where ts = $1', [mention.ts]);
  await slack.fault({ failWith: 'chat.postEphemeral', error: 'restricted_action', times: 1 });
  await slack.post('grace', 'platform-eng', '@bellhop stop', { threadTs: mention.ts });
  await toldInPrivate(/only some people post.*Nothing is running in this thread/s, 'grace');

  await slack.fault({ failWith: 'chat.postMessage', error: 'restricted_action', times: 1 });
  await slack.post('linus', 'platform-eng', '@bellhop !use usual', { threadTs: mention.ts });
  await toldInPrivate(/only some people post.*the usual model answers/s, 'linus');
  const ada = await slack.openDm('ada');
  expect((await slack.state()).messages.filter((said) => said.channel === ada)).toEqual([]);
});

test('an answer for one person alone is shown once after a rate limit', async () => {
  await stage.slack.fault({ rateLimit: 'chat.postEphemeral', retryAfter: 1 });
  await stage.slack.post('ada', 'platform-eng', '@bellhop help');
  await stage.slack.waitForWhisper('ada', /status/);
  const calls = await stage.slack.calls('chat.postEphemeral');
  expect(calls.map(({ ok }) => ok)).toEqual([false, true]);
});

test('an answer for one person alone is not shown again when Slack did not say whether it took it', async () => {
  await stage.slack.fault({ acceptThenDrop: 'chat.postEphemeral' });
  await stage.slack.post('ada', 'platform-eng', '@bellhop help');
  await stage.slack.waitForWhisper('ada', /status/);
  await until(async () => {
    const { rows } = await stage.db.database.query(
      "select 1 from outbox where kind = 'ephemeral' and sent_revision = revision and failed is null",
    );
    return rows.length === 1;
  }, 'the row to be done');
  expect(await stage.slack.calls('chat.postEphemeral')).toHaveLength(1);
});

test('a bot that spoke last is not the one who is told', async () => {
  const mention = await asked();
  await stage.slack.post('deploybot', 'platform-eng', '@bellhop the deploy failed', { threadTs: mention.ts });
  await until(
    async () => (await stage.inbox()).some((row) => row.author === 'U0DEPLOYBOT' && row.state === 'context'),
    "the bot's mention to be refused",
  );
  await stage.slack.changeChannel('platform-eng', { restricted: true });
  await answered(mention);
  await toldInPrivate(/only some people post/);
});

test.each([
  ['a bot', 'deploybot', 'bot-refusal/%'],
  ['a guest', 'gia', 'refusal/%'],
])('where words for %s are refused, nobody is told that an answer of theirs is missing', async (_, who, keys) => {
  const { slack, db } = stage;
  const mention = await asked();
  if (who === 'gia') await slack.invite('platform-eng', who);
  await slack.fault({ failWith: 'chat.postMessage', error: 'restricted_action', times: 10 });
  await slack.post(who, 'platform-eng', '@bellhop what now?', { threadTs: mention.ts });
  const failed = 'select 1 from outbox where failed is not null and key like $1';
  await until(async () => ((await db.database.query(failed, [keys])).rowCount ?? 0) > 0, 'the words to be refused');
  // A notice would be written together with the refusal.
  const { rows } = await db.database.query("select key from outbox where key like '%/refused%' and kind = 'message'");
  expect(rows).toEqual([]);
});
