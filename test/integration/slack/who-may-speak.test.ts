import { EMPTY_DOCUMENT } from '../../../access/document.ts';
import { indexAccess } from '../../../access/effective-access.ts';
import { mixedChannels } from '../../../store/mixed-channels.ts';
import { type GatewayStage, startGatewayStage } from '../../support/gateway-stage.ts';
import { everyText, type SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;
let disabled: string | null = null;
/** What the access file says of group messages. */
let groupMessages: 'off' | 'workspace' = 'off';
let directMessages: 'on' | 'off' = 'on';
/** Milliseconds by which the gateway's clock is ahead. */
let ahead = 0;

beforeAll(async () => {
  stage = await startGatewayStage();
  const organization = {
    scope: 'organization',
    label: 'organization',
    enabled: null,
    bundles: [],
    instructions: '',
  } as const;
  await stage.start({
    whyOff: async (scope) => {
      const scopes = [{ ...organization, directMessages, groupMessages }];
      const mixed = await mixedChannels(stage.db.database);
      return scope === disabled ? 'disabled' : indexAccess({ ...EMPTY_DOCUMENT, scopes, mixed }).whyOff(scope);
    },
    now: () => new Date(Date.now() + ahead),
  });
}, 60_000);
afterEach(() => stage.slack.clearFaults());
afterAll(() => stage?.[Symbol.asyncDispose]());

async function refusals(thread: Pick<SimMessage, 'channel' | 'ts'>): Promise<string[]> {
  return (await stage.slack.answers(thread)).map((answer) => answer.text);
}

async function settled(count: number): Promise<void> {
  await stage.slack.waitForApp();
  const end = Date.now() + 10_000;
  while (Date.now() < end) {
    const open = (await stage.inbox()).filter((row) => row.state === 'received').length;
    if (open === 0 && (await stage.inbox()).length >= count) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await new Promise((resolve) => setTimeout(resolve, 150));
}

test.each([
  ['a guest', 'gia', 'partners', /Guests cannot/],
  ['a single-channel guest', 'sol', 'partners', /Guests cannot/],
  ['somebody of another organization', 'hal', 'acme-globex', /other organizations/],
  ['another bot', 'deploybot', 'platform-eng', /not for other bots/],
  ['a member in a channel with guests', 'ada', 'partners', /Guests are in this channel/],
  ['a member in a channel shared with another organization', 'ada', 'acme-globex', /shared with another organization/],
])('%s is refused in words, once, and nothing starts', async (_, as, channel, words) => {
  const { slack } = stage;
  const before = (await stage.inbox()).length;
  const mention = await slack.post(as, channel, '@bellhop do it');
  await slack.waitForAnswer(mention, words);
  await slack.post(as, channel, '@bellhop do it now', { threadTs: mention.ts });
  await settled(before + 2);
  expect(await refusals(mention)).toHaveLength(1);
  expect(await stage.runs(stage.sessionOf(mention))).toBe(0);
});

test('who cannot be looked up is refused', async () => {
  const { slack, db } = stage;
  await db.database.query('delete from person');
  await slack.fault({ missingMethod: 'users.info' });
  const mention = await slack.post('grace', 'platform-eng', '@bellhop who am I');
  await slack.waitForAnswer(mention, /could not tell me who you are/);
  expect(await stage.runs(stage.sessionOf(mention))).toBe(0);
});

test('a channel that cannot be looked up is refused', async () => {
  const { slack, db } = stage;
  await db.database.query('delete from channel');
  await slack.fault({ missingMethod: 'conversations.info' });
  const mention = await slack.post('grace', 'general', '@bellhop where am I');
  await slack.waitForAnswer(mention, /what kind of channel/);
  expect(await stage.runs(stage.sessionOf(mention))).toBe(0);
});

test('a lookup that Slack does not answer is tried again, and nobody is refused for it', async () => {
  const { slack, db } = stage;
  await db.database.query('delete from person');
  await slack.fault({ failWith: 'users.info', error: 'internal_error', times: 2 });
  const mention = await slack.post('grace', 'general', '@bellhop patience');
  await slack.waitForReaction(mention, 'eyes');
  expect(await refusals(mention)).toHaveLength(0);
});

test('a token that Slack refuses says nothing about a person', async () => {
  const { slack, db } = stage;
  await db.database.query('delete from person');
  await slack.fault({ failWith: 'users.info', error: 'token_revoked', times: 2 });
  const mention = await slack.post('grace', 'general', '@bellhop after the token is mended');
  await slack.waitForReaction(mention, 'eyes');
  expect(await refusals(mention)).toHaveLength(0);
});

test('a message that waited for a gateway is not refused for the first lookup without an answer', async () => {
  const { slack, db } = stage;
  const message = await slack.post('grace', 'general', 'an old one');
  await db.database.query('delete from person');
  await slack.fault({ rateLimit: 'users.info', times: 1, retryAfter: 1 });
  await db.database.query(
    `insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, address, text, received_at)
     values ('waited', 'message', 'T000000ACME', $1, $2, $2, $3, 'mention', '<@U000BELLHOP> hello',
       now() - interval '5 minutes')`,
    [message.channel, message.ts, message.user],
  );
  await slack.waitForReaction(message, 'eyes');
  expect(await refusals(message)).not.toContainEqual(expect.stringMatching(/could not tell me/));
});

test('who cannot be looked up for a minute is refused', async () => {
  const { slack, db } = stage;
  await db.database.query('delete from person');
  await slack.fault({ failWith: 'users.info', error: 'internal_error', times: 1_000 });
  const before = (await slack.calls('users.info')).length;
  const mention = await slack.post('grace', 'general', '@bellhop who am I');
  await until(async () => (await slack.calls('users.info')).length > before, 'a lookup');
  ahead = 61_000;
  await slack.waitForAnswer(mention, /could not tell me who you are/);
  ahead = 0;
  expect(await stage.runs(stage.sessionOf(mention))).toBe(0);
});

test('who comes later to a place that is refused reads why, alone and once a day', async () => {
  const { slack } = stage;
  const heard = async (who: string) =>
    (await slack.state()).ephemerals.filter(
      ({ visibleTo, text }) => visibleTo === who && /shared with another organization/.test(text),
    );
  await slack.waitForReaction(await slack.post('edsger', 'acme-globex', '@bellhop chart it'), 'no_entry_sign');
  await slack.waitForWhisper('edsger', /shared with another organization/);
  await slack.waitForReaction(await slack.post('edsger', 'acme-globex', '@bellhop chart it'), 'no_entry_sign');
  await slack.waitForReaction(await slack.post('grace', 'acme-globex', '@bellhop chart it'), 'no_entry_sign');
  await slack.waitForWhisper('grace', /shared with another organization/);
  expect(await heard('U0000EDSGER')).toHaveLength(1);
  ahead = 24 * 3_600_000;
  await slack.post('edsger', 'acme-globex', '@bellhop chart it');
  await until(async () => (await heard('U0000EDSGER')).length === 2, 'the words of the next day');
  ahead = 0;
});

test('a group message gets one notice', async () => {
  const { slack } = stage;
  const first = await slack.post('ada', 'C000000MPIM', '@bellhop hello');
  await slack.waitForAnswer(first, /group messages/);
  const second = await slack.post('grace', 'C000000MPIM', '@bellhop hello again');
  await slack.waitForReaction(second, 'no_entry_sign');
  await slack.waitForWhisper('grace', /I do not work in group messages/);
  expect(await refusals(second)).toHaveLength(0);
  expect(await stage.runs(stage.sessionOf(first))).toBe(0);
});

test('a channel that is switched off gets one notice', async () => {
  const { slack } = stage;
  disabled = 'channel:T000000ACME:C0000SECOPS';
  const first = await slack.post('ada', 'secops', '@bellhop hello');
  await slack.waitForAnswer(first, /switched off/);
  const second = await slack.post('linus', 'secops', '@bellhop hello again');
  await slack.waitForReaction(second, 'no_entry_sign');
  expect(await refusals(second)).toHaveLength(0);
  disabled = null;
  const third = await slack.post('linus', 'secops', '@bellhop and now?');
  await slack.waitForReaction(third, 'eyes');
});

test('a direct message is a session of the person, with a thread of its own', async () => {
  const { slack, db } = stage;
  const dm = await slack.openDm('ada');
  const message = await slack.post('ada', dm, 'just between us');
  await slack.waitForReaction(message, 'eyes');
  const { rows } = await db.database.query('select scope, principal from session where id = $1', [
    stage.sessionOf(message),
  ]);
  expect(rows).toEqual([{ scope: 'person:T000000ACME:U0000000ADA', principal: 'person:T000000ACME:U0000000ADA' }]);
});

test('direct messages that are switched off get one notice, which says what to do', async () => {
  const { slack } = stage;
  directMessages = 'off';
  const dm = await slack.openDm('linus');
  const first = await slack.post('linus', dm, 'just between us');
  const notice = await slack.waitForAnswer(first, /do not work in direct messages/);
  expect(everyText(notice)).toMatch(/ask me in a channel.*`direct-messages: on`/s);
  const second = await slack.post('linus', dm, 'are you there?');
  await slack.waitForReaction(second, 'no_entry_sign');
  expect(await refusals(second)).toHaveLength(0);
  expect(await stage.runs(stage.sessionOf(first))).toBe(0);
  directMessages = 'on';
  const third = await slack.post('linus', dm, 'and now?');
  await slack.waitForReaction(third, 'eyes');
});

test('a group message that is switched on is a session of the group, which is no person', async () => {
  const { slack, db } = stage;
  groupMessages = 'workspace';
  const message = await slack.post('grace', 'C000000MPIM', '@bellhop hello there');
  await slack.waitForReaction(message, 'eyes');
  const { rows } = await db.database.query('select scope, principal from session where id = $1', [
    stage.sessionOf(message),
  ]);
  const scope = 'group-dm:T000000ACME:C000000MPIM';
  expect(rows).toEqual([{ scope, principal: `agent@${scope}` }]);
  groupMessages = 'off';
});

test('help is answered, and so is an empty mention', async () => {
  const { slack } = stage;
  for (const text of ['@bellhop help', '@bellhop']) {
    const mention = await slack.post('ada', 'general', text);
    const answer = await slack.waitForWhisper('ada', /Mention me with what you want done/);
    // Slack shows none in a thread without replies.
    expect(answer.threadTs).toBeNull();
    expect(answer.text).toMatch(/stop: ends what I am doing/);
    expect(await slack.answers(mention)).toEqual([]);
    expect(await stage.runs(stage.sessionOf(mention))).toBe(0);
  }
});
