import { messageRef } from '../../../cli/find/message-ref.ts';

const CHANNELS = [{ team: 'T1', id: 'C1OPS', name: 'ops', seenAt: new Date(0) }];
const ref = (where: string, ts?: string) => messageRef(where, ts, CHANNELS);

test.each([
  ['https://acme.slack.com/archives/C1OPS/p1712345678000100', 'C1OPS', '1712345678.000100', null],
  [
    'https://acme.slack.com/archives/C1OPS/p1712345678000100?thread_ts=1712345600.000200&cid=C1OPS',
    'C1OPS',
    '1712345678.000100',
    '1712345600.000200',
  ],
  ['https://acme.slack.com/archives/D9/p1712345678000100?thread_ts=nonsense', 'D9', '1712345678.000100', null],
  ['slack:T1:C1OPS:1712345678.000100', 'C1OPS', '1712345678.000100', '1712345678.000100'],
])('%s is understood', (where, channel, ts, threadTs) => {
  expect(ref(where)).toEqual({ channel, ts, threadTs });
});

test.each(['#ops', 'ops', 'C1OPS'])('so is a channel called %s with a ts', (channel) => {
  expect(ref(channel, '1712345678.000100')).toEqual({ channel: 'C1OPS', ts: '1712345678.000100', threadTs: null });
});

test('a text that names no message is refused with a reason', () => {
  expect(() => ref('https://acme.slack.com/archives/C1OPS')).toThrow(/no link to a message of Slack/);
  expect(() => ref('slack:T1')).toThrow(/not a session id/);
  expect(() => ref('#ops', 'yesterday')).toThrow('yesterday is no ts of a message, such as 1712345678.000100');
  expect(() => ref('#opps', '1712345678.000100')).toThrow(/there is no channel #opps that Bellhop can see/);
});
