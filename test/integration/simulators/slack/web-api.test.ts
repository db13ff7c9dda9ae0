import { setTimeout as pause } from 'node:timers/promises';
import type { WebClient } from '@slack/web-api';
import { startTestSlack, type TestSlack } from '../../../support/slack-simulator.ts';
import { until } from '../../../support/until.ts';
import { createClient } from './bolt-app.ts';

describe('the Web API of the Slack simulator, by the official client', () => {
  let slack: TestSlack;
  let client: WebClient;
  const GENERAL = 'C000GENERAL';

  beforeAll(async () => {
    slack = await startTestSlack();
    client = createClient(slack);
  });
  afterAll(() => slack[Symbol.asyncDispose]());

  const refusal = async (call: Promise<unknown>) => {
    try {
      await call;
    } catch (error) {
      return (error as { data?: { error?: string } }).data?.error ?? String(error);
    }
    return null;
  };

  it('refuses what Slack refuses', async () => {
    const post = (args: object) => refusal(client.chat.postMessage({ channel: GENERAL, ...args } as never));
    const section = { type: 'section', text: { type: 'mrkdwn', text: 'x' } };
    const button = (id: string, text = 'Go') => ({
      type: 'button',
      action_id: id,
      text: { type: 'plain_text', text },
    });
    expect(await refusal(createClient(slack, 'xoxb-other').auth.test())).toBe('invalid_auth');
    expect(await refusal(createClient(slack, '').auth.test())).toBe('not_authed');
    expect(await refusal(createClient(slack, slack.tokens.app).auth.test())).toBe('not_allowed_token_type');
    expect(await refusal(client.apps.connections.open())).toBe('not_allowed_token_type');
    expect(await refusal(client.views.open({ trigger_id: '1', view: { type: 'modal', blocks: [] } as never }))).toBe(
      'invalid_arguments',
    );
    expect(await post({ channel: 'C0000NOSUCH', text: 'x' })).toBe('channel_not_found');
    expect(await post({ channel: 'C00000BOARD', text: 'x' })).toBe('channel_not_found');
    expect(await post({ channel: 'C0000RANDOM', text: 'x' })).toBe('not_in_channel');
    expect(await post({ channel: 'C00000ATTIC', text: 'x' })).toBe('is_archived');
    expect(await post({})).toBe('no_text');
    expect(await post({ text: 'x'.repeat(40_001) })).toBe('msg_too_long');
    expect(await post({ text: 'x', blocks: Array(51).fill(section) })).toBe('invalid_blocks');
    expect(await post({ blocks: [{ ...section, text: { type: 'mrkdwn', text: 'x'.repeat(3001) } }] })).toBe(
      'invalid_blocks',
    );
    expect(await post({ blocks: [{ type: 'markdown', text: 'x'.repeat(12_001) }] })).toBe('invalid_blocks');
    expect(
      await post({ blocks: Array(5).fill({ ...section, text: { type: 'mrkdwn', text: 'x'.repeat(2900) } }) }),
    ).toBe('msg_blocks_too_long');
    expect(await post({ blocks: [{ type: 'actions', elements: [button('a'), button('a')] }] })).toBe('invalid_blocks');
    expect(await post({ blocks: [{ type: 'actions', elements: [button('a', 'x'.repeat(76))] }] })).toBe(
      'invalid_blocks',
    );
    expect(await post({ text: 'x', metadata: { event_type: 'sent' } })).toBe('invalid_metadata_format');
  });

  it('posts, updates and deletes, keeping metadata for those who ask', async () => {
    const metadata = { event_type: 'bellhop', event_payload: { key: 'k1' } };
    const parent = await slack.post('ada', GENERAL, 'hello');
    const { ts = '' } = await client.chat.postMessage({
      channel: GENERAL,
      thread_ts: parent.ts,
      text: 'Working',
      metadata,
      unfurl_links: false,
      unfurl_media: false,
    });
    await client.chat.update({ channel: GENERAL, ts, text: 'Done <!channel>' });
    const plain = await client.conversations.replies({ channel: GENERAL, ts: parent.ts });
    expect(plain.messages?.map((one) => one.metadata)).toEqual([undefined, undefined]);
    const { messages = [] } = await client.conversations.replies({
      channel: GENERAL,
      ts: parent.ts,
      include_all_metadata: true,
    });
    expect(messages[0]).toMatchObject({ text: 'hello', reply_count: 1, latest_reply: ts });
    expect(messages[1]).toMatchObject({ text: 'Done <!channel>', metadata, bot_id: 'B000BELLHOP' });
    const [seen] = await slack.answers(parent);
    expect(seen).toMatchObject({ unfurlLinks: false, unfurlMedia: false, broadcastMentions: ['channel'] });
    expect(await refusal(client.chat.update({ channel: GENERAL, ts, text: 'x'.repeat(4001) }))).toBe('msg_too_long');
    expect(await refusal(client.chat.update({ channel: GENERAL, ts: parent.ts, text: 'x' }))).toBe(
      'cant_update_message',
    );
    await client.chat.delete({ channel: GENERAL, ts });
    expect(await refusal(client.chat.update({ channel: GENERAL, ts, text: 'x' }))).toBe('message_not_found');
  });

  it('notifies who is in the thread of a new message, and nobody of an edit', async () => {
    const parent = await slack.post('ada', GENERAL, 'hello');
    await slack.post('grace', GENERAL, 'me too', { threadTs: parent.ts });
    const { ts = '' } = await client.chat.postMessage({ channel: GENERAL, thread_ts: parent.ts, text: 'Working' });
    const notified = async () => (await slack.answers(parent)).map((one) => one.notified);
    expect(await notified()).toEqual([['U0000000ADA', 'U00000GRACE']]);
    await client.chat.update({ channel: GENERAL, ts, text: 'Done, <@U00000LINUS>' });
    expect(await notified()).toEqual([['U0000000ADA', 'U00000GRACE']]);
  });

  it('takes an edit of text alone as the end of the blocks, as Slack does', async () => {
    const blocks = [{ type: 'divider' }];
    const { ts = '' } = await client.chat.postMessage({ channel: GENERAL, text: 'a', blocks });
    await client.chat.update({ channel: GENERAL, ts, text: 'b' });
    const message = (await slack.state()).messages.find((one) => one.ts === ts);
    expect(message).toMatchObject({ text: 'b', blocks: [] });
  });

  it('shows at the top level what is posted into a thread that is gone, and keeps it in one with a tombstone', async () => {
    const parent = await slack.post('grace', '#general', 'is it up?');
    const into = async (text: string) => {
      const answer = await client.chat.postMessage({ channel: GENERAL, thread_ts: parent.ts, text });
      return answer.message as { thread_ts?: string };
    };
    const reply = await slack.post('ada', '#general', 'yes', { threadTs: parent.ts });
    await slack.remove('grace', parent);
    expect(await into('still here')).toMatchObject({ thread_ts: parent.ts });
    const gone = await slack.post('grace', '#general', 'is it up now?');
    await slack.remove('grace', gone);
    const answer = await client.chat.postMessage({ channel: GENERAL, thread_ts: gone.ts, text: 'nowhere' });
    expect(answer.message).not.toHaveProperty('thread_ts');
    expect(await refusal(client.conversations.replies({ channel: GENERAL, ts: gone.ts }))).toBe('thread_not_found');
    expect(reply.threadTs).toBe(parent.ts);
  });

  it('pages through a long thread and a history without repeats', async () => {
    const parent = await slack.post('ada', '#platform-eng', 'count');
    for (let number = 1; number <= 25; number += 1) {
      await slack.post('grace', '#platform-eng', `reply ${number}`, { threadTs: parent.ts });
    }
    const texts: unknown[] = [];
    for await (const page of client.paginate('conversations.replies', {
      channel: parent.channel,
      ts: parent.ts,
      limit: 10,
    })) {
      const { messages = [] } = page as { messages?: { text: string }[] };
      texts.push(...messages.map((one) => one.text));
    }
    expect(texts).toEqual(['count', ...Array.from({ length: 25 }, (_, index) => `reply ${index + 1}`)]);
    const { messages: history = [] } = await client.conversations.history({ channel: parent.channel, limit: 1 });
    expect(history).toEqual([expect.objectContaining({ text: 'count' })]);
  });

  it('knows members, guests, strangers and bots apart', async () => {
    const user = async (id: string) => (await client.users.info({ user: id })).user;
    expect(await user('U0000000ADA')).toMatchObject({ is_bot: false, is_restricted: false, tz: 'Europe/London' });
    expect(await user('U0000000GIA')).toMatchObject({ is_restricted: true, is_ultra_restricted: false });
    expect(await user('U0000000SOL')).toMatchObject({ is_restricted: true, is_ultra_restricted: true });
    expect(await user('U0000000HAL')).toMatchObject({ is_stranger: true, team_id: 'T0000GLOBEX' });
    expect(await user('U0DEPLOYBOT')).toMatchObject({ is_bot: true });
    expect(await refusal(client.users.info({ user: 'U0000NOBODY' }))).toBe('user_not_found');
    expect((await client.conversations.info({ channel: 'C0000SHARED' })).channel).toMatchObject({
      is_ext_shared: true,
    });
    const { channels = [] } = await client.conversations.list({ types: 'public_channel,private_channel', limit: 2 });
    expect(channels).toHaveLength(2);
  });

  it('reacts once, sets a native status that an answer clears, and whispers', async () => {
    const parent = await slack.post('ada', GENERAL, 'hi');
    const where = { channel: GENERAL, timestamp: parent.ts, name: 'eyes' };
    await client.reactions.add(where);
    expect(await refusal(client.reactions.add(where))).toBe('already_reacted');
    await slack.waitForReaction(parent, 'eyes');
    await client.reactions.remove(where);
    expect(await refusal(client.reactions.remove(where))).toBe('no_reaction');
    await client.assistant.threads.setStatus({ channel_id: GENERAL, thread_ts: parent.ts, status: 'is thinking' });
    expect((await slack.state()).statuses).toEqual([expect.objectContaining({ status: 'is thinking' })]);
    await client.chat.postEphemeral({ channel: GENERAL, user: 'U0000000ADA', text: 'only you', thread_ts: parent.ts });
    expect((await slack.state()).ephemerals).toEqual([expect.objectContaining({ text: 'only you' })]);
    await client.chat.postMessage({ channel: GENERAL, thread_ts: parent.ts, text: 'done' });
    expect((await slack.state()).statuses).toEqual([]);
  });

  it('ends a native status by its time, counted from when it was set last, and refuses one without words or thread', async () => {
    await using quick = await startTestSlack({ statusLifeMs: 600 });
    const threads = createClient(quick).assistant.threads;
    const { ts } = await quick.post('ada', GENERAL, 'hi');
    const where = { channel_id: GENERAL, thread_ts: ts };
    const shown = async () => (await quick.state()).statuses.map(({ status }) => status);
    await threads.setStatus({ ...where, status: 'is thinking' });
    await pause(400);
    await threads.setStatus({ ...where, status: 'is working' });
    await pause(400);
    expect(await shown()).toEqual(['is working']);
    await until(async () => (await shown()).length === 0, 'the status to end by its time');
    await threads.setStatus({ ...where, status: 'is thinking' });
    await threads.setStatus({ ...where, status: '' });
    expect(await shown()).toEqual([]);
    expect(await refusal(threads.setStatus(where as never))).toBe('invalid_arguments');
    expect(await refusal(threads.setStatus({ ...where, thread_ts: '1.000001', status: 'x' }))).toBe('thread_not_found');
    expect(await refusal(threads.setStatus({ ...where, channel_id: 'C0000RANDOM', status: 'x' }))).toBe(
      'not_in_channel',
    );
  });
});
