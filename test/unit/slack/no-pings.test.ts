/** No text of a model, a person, a file or a page calls a channel, and none of them starts a run. Slack is judged by its worst reading. */
import fc from 'fast-check';
import { broadcastMentions } from '../../../simulators/slack/world/mentions.ts';
import type { Block } from '../../../simulators/slack/world/types.ts';
import { incomingOf } from '../../../slack/receiving/incoming.ts';
import { escapeText, escapeUnlinked } from '../../../slack/rendering/mrkdwn.ts';
import { renderMessage, renderWithoutBlocks } from '../../../slack/rendering/render-message.ts';
import type { ShownBody } from '../../../store/outbox.ts';

const BOT = 'U000BELLHOP';
const CONTEXT = { session: 'slack:T1:C1:1.1', now: new Date('2026-03-02T12:01:20Z') } as const;

/** Pieces of which every way to write a mention is made. */
const PIECES = [
  ...[
    '<',
    '>',
    '!',
    '&',
    ';',
    '|',
    '^',
    '@',
    '#',
    '\\',
    '`',
    '```',
    '\n',
    '\n\n',
    ' ',
    '[',
    ']',
    '(',
    ')',
    ']: ',
    '[x]',
    '![',
    '* ',
    '> ',
  ],
  ...[
    'channel',
    'here',
    'everyone',
    'subteam^S0123456789',
    'CHANNEL',
    '@channel',
    '@here',
    '<!channel>',
    '<!here|here>',
  ],
  ...['&lt;', '&gt;', '&amp;', '&excl;', '&lt', '&#60;', '&#33;', '&#x3c;', '&#x21;', '&LT;', 'lt;', '#33;', 'amp;'],
  ...[
    `<@${BOT}>`,
    '<@U1|x>',
    '<#C1>',
    'https://a.test',
    '| a | b |\n|---|---|\n',
    '\u200b',
    '\u202e',
    'x',
    '[x](',
    '\n[1]: ',
    '!channel',
    '!here',
    '<!',
    '&lt;!',
    '\\!channel',
  ],
];
const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }).map((parts) => parts.join(''));

/** Every kind of message that people see, with foreign words wherever a message can have some. */
const body: fc.Arbitrary<ShownBody> = fc.oneof(
  fc.record({
    kind: fc.constant('working' as const),
    step: fc.constant(2),
    what: text,
    since: fc.constant('2026-03-02T12:00:00Z'),
    text,
  }),
  fc.record({ kind: fc.constant('answer' as const), text, footer: text }),
  fc.record({
    kind: fc.constant('notice' as const),
    text,
    buttons: fc.array(fc.record({ action: fc.constant('a'), value: fc.constant('v'), text }), { maxLength: 2 }),
  }),
  fc.record({
    kind: fc.constant('question' as const),
    question: fc.constant('q'),
    text,
    choices: fc.array(fc.record({ id: fc.constant('yes'), label: text }), { minLength: 1, maxLength: 2 }),
  }),
);

test.each([
  ['with blocks', renderMessage],
  ['without blocks', renderWithoutBlocks],
])('no message %s calls anybody, whatever it says', (_, render) => {
  fc.assert(
    fc.property(body, (given) => {
      const { text: shown, blocks } = render(given, CONTEXT);
      const mentions = broadcastMentions({
        text: shown,
        blocks: blocks as unknown as readonly Block[],
        linkNames: false,
      });
      expect({ mentions, shown, blocks }).toEqual({ mentions: [], shown, blocks });
    }),
    { numRuns: 3_000 },
  );
});

test('what only one person is told, and the words above a file, call nobody', () => {
  fc.assert(
    fc.property(text, (given) => {
      for (const shown of [escapeText(given), escapeUnlinked(given)]) {
        expect(broadcastMentions({ text: shown, blocks: [], linkNames: false })).toEqual([]);
      }
    }),
  );
});

test.each([
  ['a mention', '<!channel>', []],
  ['a user group', '<!subteam^S0123456789|@ops>', []],
  ['an entity in Markdown', '', [{ type: 'markdown', text: '&lt;!here&gt;' }]],
  ['a link in Markdown', '', [{ type: 'markdown', text: '[x](!channel)' }]],
  ['an element', '', [{ type: 'rich_text', elements: [{ type: 'broadcast', range: 'here' }] }]],
])('the simulator finds %s', (_, shown, blocks) => {
  expect(broadcastMentions({ text: shown, blocks, linkNames: false })).toHaveLength(1);
});

const IDENTITY = {
  ...{ team: 'T1', teamName: 'Acme', workspaceUrl: 'https://acme.slack.com/', enterprise: null },
  ...{ botUser: BOT, botId: 'B0BELLHOP', botName: 'bellhop' },
};

function read(fields: object) {
  const event = {
    type: 'message',
    channel: 'C1',
    channel_type: 'channel',
    user: 'U1',
    ts: '10.1',
    text: '',
    ...fields,
  };
  return incomingOf({ type: 'event_callback', event_id: 'Ev1', event }, IDENTITY);
}

const words = (said: string) => ({ type: 'text', text: said });
const section = (...elements: object[]) => ({ type: 'rich_text_section', elements });
const rich = (...elements: object[]) => [{ type: 'rich_text', elements }];
const MENTION = { type: 'user', user_id: BOT };

describe('what is no mention by a person starts nothing', () => {
  test('nothing that we post ourselves comes back in', () => {
    fc.assert(
      fc.property(text, fc.boolean(), (said, asBot) => {
        const author = asBot ? { user: undefined, bot_id: IDENTITY.botId } : { user: BOT };
        const called = `<@${BOT}> ${said}`;
        expect(read({ ...author, text: called, blocks: rich(section(MENTION, words(said))) })).toBeNull();
        expect(read({ ...author, text: called, thread_ts: '9.1' })).toBeNull();
        expect(read({ ...author, text: called, channel: 'D1', channel_type: 'im' })).toBeNull();
      }),
    );
  });

  test.each<[string, (said: string) => object]>([
    ['a forwarded message', (said) => ({ attachments: [{ is_share: true, author_name: said, text: said }] })],
    ['the preview of a page', (said) => ({ attachments: [{ from_url: 'https://a.test', title: said, text: said }] })],
    [
      'blocks in a forwarded message',
      (said) => ({
        attachments: [
          { is_share: true, message_blocks: [{ message: { blocks: rich(section(MENTION, words(said))) } }] },
        ],
      }),
    ],
    [
      'the name of a file',
      (said) => ({
        subtype: 'file_share',
        files: [{ id: 'F1', name: said, title: said, url_private: 'https://files.slack.com/F1' }],
      }),
    ],
    [
      'code',
      (said) => ({ text: said, blocks: rich({ type: 'rich_text_preformatted', elements: [MENTION, words(said)] }) }),
    ],
    [
      'a quotation',
      (said) => ({ text: said, blocks: rich({ type: 'rich_text_quote', elements: [MENTION, words(said)] }) }),
    ],
    ['an edit', (said) => ({ subtype: 'message_changed', message: { user: 'U1', text: said, ts: '10.1' } })],
    ['a channel that has a new topic', (said) => ({ subtype: 'channel_topic', text: said, topic: said })],
  ])('%s', (_, fieldsOf) => {
    fc.assert(
      fc.property(text, (said) => {
        const fields = { text: 'hello', blocks: rich(section(words('hello'))), ...fieldsOf(`<@${BOT}> ${said}`) };
        expect(read(fields)).toBeNull();
      }),
    );
  });
});
