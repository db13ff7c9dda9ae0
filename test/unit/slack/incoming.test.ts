import { incomingOf } from '../../../slack/receiving/incoming.ts';

const identity = {
  team: 'T1',
  teamName: 'Acme',
  workspaceUrl: 'https://acme.slack.com/',
  botUser: 'U0BOT',
  botId: 'B0BOT',
  botName: 'bellhop',
  enterprise: null,
};

function event(fields: object) {
  return {
    type: 'event_callback',
    event_id: 'Ev1',
    event: { type: 'message', channel: 'C1', channel_type: 'channel', user: 'U1', ts: '10.1', text: 'hi', ...fields },
  };
}
const read = (fields: object) => incomingOf(event(fields), identity);

test('app_mention and message of one text are the same message', () => {
  const text = '<@U0BOT> hi';
  const [mention, message] = [read({ type: 'app_mention', text }), read({ text })];
  expect(mention?.entry).toEqual(message?.entry);
  expect(mention).toMatchObject({ keep: 'always', entry: { kind: 'message', address: 'mention', threadTs: '10.1' } });
});

test('a channel that has moved to another workspace of its organization keeps its key', () => {
  const text = '<@U0BOT> hi';
  const moved = { ...event({ text, team: 'T2', user_team: 'T2', source_team: 'T2' }), team_id: 'T2' };
  expect(incomingOf(moved, identity)?.entry).toEqual(read({ text })?.entry);
});

test('a message outside a thread that does not mention us is not for us', () => {
  expect(read({})).toBeNull();
});

test('an untagged reply is kept where the agent is part of the thread', () => {
  expect(read({ thread_ts: '9.1' })).toMatchObject({
    keep: 'in-thread',
    entry: { address: 'thread', threadTs: '9.1' },
  });
});

test('a direct message needs no mention and starts its own thread', () => {
  expect(read({ channel: 'D1', channel_type: 'im' })).toMatchObject({
    keep: 'always',
    entry: { address: 'dm', threadTs: '10.1' },
  });
});

test.each([
  ['an edit', { subtype: 'message_changed', text: '<@U0BOT> hi' }],
  [
    'a mention that an edit brought in',
    { type: 'app_mention', text: '<@U0BOT> hi', edited: { user: 'U1', ts: '11.1' } },
  ],
  ['a deletion', { subtype: 'message_deleted' }],
  ['somebody who joined', { subtype: 'channel_join', text: '<@U0BOT> has joined' }],
  ['our own message', { user: 'U0BOT', text: '<@U0BOT> hi' }],
  ['our own message, as the bot', { user: undefined, bot_id: 'B0BOT', text: '<@U0BOT> hi' }],
  ['another kind of event', { type: 'reaction_added' }],
  ['an event without an author', { user: undefined, text: '<@U0BOT> hi' }],
])('%s starts nothing', (_, fields) => {
  expect(read(fields)).toBeNull();
});

test('a message of another bot says so', () => {
  const fields = { user: undefined, bot_id: 'B2', subtype: 'bot_message', text: '<@U0BOT> deploy' };
  expect(read(fields)?.entry).toMatchObject({ author: 'B2', authorClass: 'bot' });
});

test('the files of a forwarded message come along, and those of a mere preview do not', () => {
  const file = (id: string) => ({
    id,
    name: `${id}.csv`,
    mimetype: 'text/csv',
    size: 3,
    url_private: `https://files.slack.com/${id}`,
  });
  const attachments = [
    { is_share: true, is_msg_unfurl: true, text: 'the numbers', files: [file('F1'), file('F2')] },
    { title: 'a page', files: [file('F3')] },
  ];
  const found = read({ text: '<@U0BOT> chart this', files: [file('F2')], attachments })?.entry.files;
  expect(found?.map(({ id }) => id)).toEqual(['F2', 'F1']);
});

test.each([
  [
    'a canvas',
    { mode: 'canvas', filetype: 'quip' },
    'it is a canvas, which I cannot open; people open it at https://a.test/F1',
  ],
  ['a list', { mode: 'list' }, 'it is a list, which I cannot open; people open it at https://a.test/F1'],
  [
    'a file of another service',
    { mode: 'external', is_external: true },
    'it is a file kept outside of Slack, which I cannot open; people open it at https://a.test/F1',
  ],
])('%s is no file that is taken, and says what it is and where', (_, fields, why) => {
  const file = { id: 'F1', title: 'Plan', permalink: 'https://a.test/F1', url_private: 'https://a.test/p', ...fields };
  expect(read({ text: '<@U0BOT> read it', files: [file] })?.entry.files).toMatchObject([
    { name: 'Plan', problem: `not taken: ${why}` },
  ]);
});

test('a stop word is a stop, the same one in every delivery', () => {
  const text = '<@U0BOT> stop';
  const [mention, message] = [read({ type: 'app_mention', text }), read({ text })];
  expect(mention?.entry).toMatchObject({ kind: 'stop', eventId: 'stop:T1:C1:10.1' });
  expect(message?.entry.eventId).toBe('stop:T1:C1:10.1');
  expect(read({ text: '<@U0BOT> stop the deploy' })?.entry.kind).toBe('message');
});

test('a stop without a mention is one where the agent is in the thread', () => {
  expect(read({ text: 'stop', thread_ts: '9.1' })).toMatchObject({
    keep: 'in-thread',
    entry: { kind: 'stop', address: 'thread' },
  });
  expect(read({ text: 'stop' })).toBeNull();
});

describe('a mention that is only shown', () => {
  const rich = (...elements: object[]) => [{ type: 'rich_text', elements }];
  const us = (style = {}) => ({ type: 'user', user_id: 'U0BOT', style });
  const section = (...elements: object[]) => ({ type: 'rich_text_section', elements });

  test.each([
    ['in code', rich(section(us({ code: true })))],
    ['in a quotation', rich({ type: 'rich_text_quote', elements: [us()] })],
    ['in a quoted list', rich({ type: 'rich_text_list', border: 1, elements: [section(us())] })],
    ['in a block of code', rich({ type: 'rich_text_preformatted', elements: [us()] })],
  ])('%s starts nothing', (_, blocks) => {
    expect(read({ type: 'app_mention', text: 'see <@U0BOT>', blocks })).toBeNull();
    expect(read({ text: 'see <@U0BOT>', blocks })).toBeNull();
  });

  test('in a list it is spoken', () => {
    const blocks = rich({ type: 'rich_text_list', style: 'bullet', elements: [section(us())] });
    expect(read({ text: '• <@U0BOT>', blocks })?.entry.address).toBe('mention');
  });

  test.each(['a `<@U0BOT> stop` b', '```\n<@U0BOT> go\n```', '&gt; <@U0BOT> go', '```<@U0BOT> and no end'])(
    'without blocks by the marks in %p',
    (text) => {
      expect(read({ text })).toBeNull();
      expect(read({ text: `<@U0BOT> look: ${text}` })?.entry.address).toBe('mention');
    },
  );

  test('in a forwarded message starts nothing', () => {
    expect(read({ text: 'fyi', attachments: [{ is_share: true, text: '<@U0BOT> deploy' }] })).toBeNull();
  });
});

test('only what the event says of a file is kept', () => {
  const files = [
    { id: 'F1', name: 'a.csv', mimetype: 'text/csv', size: 3, url_private_download: 'https://x/', secret: 1 },
  ];
  expect(read({ text: '<@U0BOT> see', subtype: 'file_share', files })?.entry.files).toEqual([
    { id: 'F1', name: 'a.csv', mimetype: 'text/csv', size: 3, url: 'https://x/' },
  ]);
});

test.each([
  [
    'a file of which Slack gives the id only is kept, to be asked for',
    { id: 'F1', mode: 'file_access', file_access: 'check_file_info', created: 0, user: '' },
    { id: 'F1', name: 'F1', mimetype: 'application/octet-stream', size: 0, url: '' },
  ],
  [
    'a deleted one is kept with the reason',
    { id: 'F1', mode: 'tombstone' },
    expect.objectContaining({ id: 'F1', problem: 'not taken: it was deleted' }),
  ],
  [
    'one beyond the limit of a free workspace as well',
    { id: 'F1', mode: 'hidden_by_limit', name: 'a.csv' },
    expect.objectContaining({ name: 'a.csv', problem: expect.stringMatching(/hidden by the limit/) }),
  ],
])('%s', (_, file, kept) => {
  expect(read({ text: '<@U0BOT> see', subtype: 'file_share', files: [file] })?.entry.files).toEqual([kept]);
});

describe('the stop button', () => {
  const click = (value: string, channel = 'C1') =>
    incomingOf(
      {
        type: 'block_actions',
        user: { id: 'U1' },
        channel: { id: channel },
        actions: [{ action_id: 'bellhop_stop', value, action_ts: '12.5' }],
      },
      identity,
    );

  test('stops the session in its value', () => {
    expect(click('slack:T1:C1:9.1')?.entry).toMatchObject({
      kind: 'stop',
      threadTs: '9.1',
      author: 'U1',
      address: 'button',
    });
  });

  test.each(['slack:T1:C2:9.1', 'slack:T2:C1:9.1', 'slack:T1:C1', 'nonsense', ''])('does nothing with %s', (value) => {
    expect(click(value)).toBeNull();
  });
});

test.each([null, 'x', 7, [], {}, { type: 'event_callback' }, { type: 'event_callback', event: {}, event_id: 'E' }])(
  'what Slack would not send is not for us: %p',
  (body) => {
    expect(incomingOf(body, identity)).toBeNull();
  },
);
