import type { App } from '@slack/bolt';
import { startTestSlack, type TestSlack } from '../../../support/slack-simulator.ts';
import { createBoltApp } from './bolt-app.ts';

describe('a Bolt app connected to the Slack simulator', () => {
  let slack: TestSlack;
  let app: App;
  let heard: Record<string, unknown>[];
  let retries: unknown[];

  beforeEach(async () => {
    slack = await startTestSlack({ ackTimeoutMs: 100, retryDelaysMs: [0, 100, 200] });
    app = createBoltApp(slack);
    heard = [];
    retries = [];
    app.use(async ({ body, context, next }) => {
      heard.push({ ...body });
      retries.push([context.retryNum, context.retryReason]);
      await next();
    });
    await app.start();
    await slack.waitForApp();
  });
  afterEach(async () => {
    await app.stop();
    await slack[Symbol.asyncDispose]();
  });

  const events = () => heard.map((body) => body.event as Record<string, unknown>);
  const settle = (ms = 150) => new Promise((resolve) => setTimeout(resolve, ms));

  it('hears a mention twice: as app_mention and as message', async () => {
    const posted = await slack.post('ada', '#platform-eng', '@bellhop chart the signups');
    await settle();
    expect(events()).toEqual([
      expect.objectContaining({ type: 'app_mention', ts: posted.ts, channel: 'C00PLATFORM', user: 'U0000000ADA' }),
      expect.objectContaining({
        type: 'message',
        ts: posted.ts,
        channel_type: 'channel',
        client_msg_id: expect.anything(),
      }),
    ]);
    expect(events()[0]?.text).toBe('<@U000BELLHOP> chart the signups');
    expect(new Set(heard.map((body) => body.event_id)).size).toBe(2);
  });

  it('hears a DM once, as message of type im', async () => {
    const channel = await slack.openDm('grace');
    await slack.post('grace', channel, 'hello @bellhop');
    await settle();
    expect(events().map((event) => [event.type, event.channel_type ?? event.tab])).toEqual([
      ['app_home_opened', 'messages'],
      ['message', 'im'],
    ]);
  });

  it('hears nothing from a channel it is not in, until it is invited', async () => {
    await slack.post('ada', '#random', '@bellhop are you there?');
    await settle();
    expect(heard).toEqual([]);
    expect((await slack.state()).ephemerals).toEqual([
      expect.objectContaining({ visibleTo: 'U0000000ADA', text: expect.stringContaining('not in this channel') }),
    ]);
    await slack.invite('#random', 'bellhop');
    await settle();
    expect(events()).toContainEqual(expect.objectContaining({ type: 'member_joined_channel', user: 'U000BELLHOP' }));
  });

  it('hears edits, deletions and reactions', async () => {
    const posted = await slack.post('ada', '#general', 'lunch?');
    await slack.edit('ada', posted, 'lunch at noon?');
    await slack.react('grace', posted, 'thumbsup');
    await slack.remove('ada', posted);
    await settle();
    expect(events().map((event) => event.subtype ?? event.type)).toEqual([
      'message',
      'message_changed',
      'reaction_added',
      'message_deleted',
    ]);
    expect(events()[1]).toMatchObject({
      message: { text: 'lunch at noon?', edited: { user: 'U0000000ADA' } },
      previous_message: { text: 'lunch?' },
    });
  });

  it('hears of a deleted parent with replies as of a change to a tombstone', async () => {
    const posted = await slack.post('ada', '#general', 'lunch?');
    await slack.post('grace', '#general', 'yes', { threadTs: posted.ts });
    await slack.remove('ada', posted);
    await slack.post('grace', '#general', 'where to?', { threadTs: posted.ts });
    await settle();
    expect(events().map((event) => event.subtype ?? event.type)).toEqual([
      'message',
      'message',
      'message_changed',
      'message',
    ]);
    expect(events()[2]).toMatchObject({
      message: { subtype: 'tombstone', ts: posted.ts },
      previous_message: { text: 'lunch?' },
    });
  });

  it('is told of a mention that an edit adds', async () => {
    const posted = await slack.post('ada', '#general', 'please chart this');
    await slack.edit('ada', posted, '@bellhop please chart this');
    await settle();
    expect(events().map((event) => event.subtype ?? event.type)).toEqual(['message', 'app_mention', 'message_changed']);
  });

  it('gets an event again while it goes unacknowledged, three times at most', async () => {
    await slack.fault({ loseAcks: 100 });
    await slack.post('ada', '#general', 'nobody answers');
    await settle(1_200);
    expect(heard).toHaveLength(4);
    expect(new Set(heard.map((body) => body.event_id)).size).toBe(1);
    expect(retries).toEqual([
      [0, ''],
      [1, 'timeout'],
      [2, 'timeout'],
      [3, 'timeout'],
    ]);
    expect(await slack.deliveries()).toEqual([
      expect.objectContaining({ type: 'message', sent: 4, acknowledged: false, givenUp: true }),
    ]);
  });

  it('gets each event as often as a test asks', async () => {
    await slack.fault({ redeliver: 5 });
    await slack.post('ada', '#platform-eng', '@bellhop once');
    await settle();
    expect(events().filter((event) => event.type === 'app_mention')).toHaveLength(5);
    expect(events().filter((event) => event.type === 'message')).toHaveLength(5);
  });

  it('hears what guests, people of other organizations and bots say, marked as theirs', async () => {
    await slack.post('gia', '#partners', '@bellhop as a guest');
    await slack.post('hal', '#acme-globex', '@bellhop from Globex');
    await slack.post('deploybot', '#platform-eng', '<@U000BELLHOP> deployed');
    await settle();
    const mentions = heard.filter((body) => (body.event as { type: string }).type === 'app_mention');
    expect(mentions.map((body) => [body.is_ext_shared_channel, body.event])).toEqual([
      [false, expect.objectContaining({ user: 'U0000000GIA' })],
      [true, expect.objectContaining({ user: 'U0000000HAL', user_team: 'T0000GLOBEX' })],
      [false, expect.objectContaining({ user: 'U0DEPLOYBOT', bot_id: 'B0DEPLOYBOT' })],
    ]);
  });

  it('answers a button by its response_url and sees who pressed it', async () => {
    const pressed: unknown[] = [];
    app.action('stop', async ({ ack, body, respond }) => {
      await ack();
      pressed.push(body.user.id);
      await respond({ text: 'Stopped.', replace_original: true });
    });
    const { ts } = await app.client.chat.postMessage({
      channel: 'C000GENERAL',
      text: 'Working',
      blocks: [
        {
          type: 'actions',
          elements: [{ type: 'button', action_id: 'stop', text: { type: 'plain_text', text: 'Stop' }, value: '1' }],
        },
      ],
    });
    await slack.click('linus', { channel: 'C000GENERAL', ts: ts ?? '' }, 'stop');
    await settle();
    expect(pressed).toEqual(['U00000LINUS']);
    const message = (await slack.state()).messages.find((one) => one.ts === ts);
    expect(message).toMatchObject({ text: 'Stopped.', blocks: [] });
  });
});

describe('events while no app is connected', () => {
  it('are held for the next socket when the simulator is told to be kinder than Slack', async () => {
    await using slack = await startTestSlack({ holdWithoutSocket: true });
    await slack.post('ada', '#platform-eng', '@bellhop early');
    const app = createBoltApp(slack);
    const mention = new Promise((resolve) => app.event('app_mention', async ({ event }) => resolve(event.text)));
    await app.start();
    expect(await mention).toBe('<@U000BELLHOP> early');
    await app.stop();
  });

  it('are tried again like unacknowledged ones, and lost after the last', async () => {
    await using slack = await startTestSlack({ ackTimeoutMs: 50, retryDelaysMs: [0, 50, 50] });
    await slack.post('ada', '#platform-eng', '@bellhop too early');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const deliveries = await slack.deliveries();
    expect(deliveries.map(({ sent, givenUp }) => ({ sent, givenUp }))).toEqual([
      { sent: 0, givenUp: true },
      { sent: 0, givenUp: true },
    ]);
  });
});
