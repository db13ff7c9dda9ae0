import { asSlackClientSends } from '../../../../simulators/slack/control/composer.ts';
import { createWorld } from '../../../../simulators/slack/world/world.ts';

const world = createWorld(() => 0, null);

describe("typed text becomes what Slack's client sends", () => {
  it.each([
    ['@bellhop hello', '<@U000BELLHOP> hello'],
    ['hello @bellhop.', 'hello <@U000BELLHOP>.'],
    ['(@ada)', '(<@U0000000ADA>)'],
    ['@nobody', '@nobody'],
    ['see #general, please', 'see <#C000GENERAL|general>, please'],
    ['@channel now', '<!channel> now'],
    ['curl https://api.acme.test/v1?a=1&b=2.', 'curl <https://api.acme.test/v1?a=1&amp;b=2>.'],
    ['`curl https://x.test` & `@ada`', '`curl <https://x.test>` &amp; `@ada`'],
    ['```if a < b && c > d\n# general\n@bellhop```', '```if a &lt; b &amp;&amp; c &gt; d\n# general\n@bellhop```'],
    ['<@U000BELLHOP> raw markup stays', '<@U000BELLHOP> raw markup stays'],
    ['mail ada@acme.test', 'mail <mailto:ada@acme.test|ada@acme.test>'],
    [
      'from pypi.org or files.pythonhosted.org/x',
      'from <http://pypi.org|pypi.org> or <http://files.pythonhosted.org/x|files.pythonhosted.org/x>',
    ],
    ['write notes.txt and api.acme.test', 'write notes.txt and api.acme.test'],
    ['echo "a" > out.txt', 'echo "a" &gt; out.txt'],
  ])('%j → %j', (typed, sent) => {
    expect(asSlackClientSends(typed, world)).toBe(sent);
  });
});
