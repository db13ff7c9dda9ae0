import { plainText, readableText } from '../../../slack/delivery/plain-text.ts';
import { countCpuTime } from '../../support/cpu-time.ts';

const nameOf = (user: string) => (user === 'U1' ? 'Ada' : null);

test.each([
  ['a &lt;b&gt; &amp;&amp; c', 'a <b> && c'],
  ['&amp;lt; stays as typed', '&lt; stays as typed'],
  ['ask <@U1> or <@U2>', 'ask @Ada or @U2'],
  ['ask <@U2|grace>', 'ask @grace'],
  ['in <#C1|ops> and <#C2>', 'in #ops and #C2'],
  ['<!here> <!subteam^S1|@ops>', '@here @ops'],
  ['<http://api.acme.test/v1/signups>', 'http://api.acme.test/v1/signups'],
  ['$ curl <http://api.acme.test|api.acme.test>', '$ curl api.acme.test'],
  ['<https://a.test/x|the docs>', 'the docs (https://a.test/x)'],
  ['<mailto:ada@acme.test|ada@acme.test>', 'ada@acme.test'],
  ['<!date^1392734382^{date}|Feb 18>', 'Feb 18'],
  ['1 < 2', '1 < 2'],
])('%s is read as %s', (text, plain) => {
  expect(plainText(text, nameOf)).toBe(plain);
});

test('a text of many beginnings of mentions is read at once', async () => {
  const text = '<@UBOT|<@U1|'.repeat(20_000);
  const spentMs = countCpuTime();
  const nobody = { query: async () => ({ rows: [] }) } as never;
  const identity = { team: 'T1', botUser: 'UBOT', botName: 'bellhop', botId: 'B1', appId: null } as never;
  expect(await readableText(nobody, identity, text)).toBe(text);
  expect(spentMs()).toBeLessThan(1_000);
});
