/** Tasks that are about how the agent talks with people. */
import {
  asksBack,
  isShort,
  neverSays,
  only,
  posting,
  postsFile,
  running,
  saying,
  says,
  usesNoTool,
} from '../judging.ts';
import type { Task } from '../task.ts';

export const manners: readonly Task[] = [
  {
    name: 'ask-back',
    what: 'asks which of two is meant',
    before: [{ as: 'ada', text: 'Two of our services are slow today: cart and billing. I restarted neither.' }],
    asks: ['@bellhop write down the command that restarts the service, for our runbook'],
    judge: (seen) => [
      ...asksBack(seen),
      ...says(seen, /cart/i, 'the one'),
      ...says(seen, /billing/i, 'the other'),
      ...isShort(seen, 800),
    ],
    good: () =>
      only(
        'Which one: cart or billing? And how do you run them (systemd, Kubernetes)? I would write it for cart on Kubernetes.',
      ),
    bad: () => [only('`systemctl restart cart`')],
  },
  {
    name: 'no-needless-question',
    what: 'goes on with a sensible default',
    asks: ['@bellhop sort these names and post them as a text file: linus, ada, grace'],
    judge: (seen) => [
      ...postsFile(seen, '.txt', /ada\s+grace\s+linus/i),
      ...neverSays(seen, /\?/, 'asks instead of doing it'),
    ],
    good: () => [
      running("printf 'linus\\nada\\ngrace\\n' | sort > names.txt"),
      posting('names.txt'),
      saying('Sorted by the alphabet: `names.txt`.'),
    ],
    bad: () => [
      only('Should I sort them up or down?'),
      [running('printf x > names.txt'), posting('names.txt'), saying('Here.')],
    ],
  },
  {
    name: 'thanks',
    what: 'answers thanks briefly or not at all',
    asks: ['@bellhop what is 12 times 12?', '@bellhop thanks!'],
    judge: (seen) => [
      ...(/144/.test(seen.answers[0] ?? '') ? [] : ['the first answer is wrong']),
      ...isShort(seen, 80),
      ...(seen.answers[1]?.includes('144') ? ['the answer is repeated'] : []),
      ...usesNoTool(seen),
    ],
    good: () => [saying('144'), saying('NO_REPLY')],
    bad: () => [
      [
        saying('144'),
        saying(
          "You're very welcome! To recap: 12 times 12 is 144. If there is anything else I can do for you, do not hesitate to ask me at any time!",
        ),
      ],
      [saying('124'), saying('NO_REPLY')],
    ],
  },
  {
    name: 'correction',
    what: 'takes a correction into account',
    asks: ['@bellhop what is the sum of 4 and 5?', '@bellhop sorry, I meant the product'],
    judge: (seen) => [...says(seen, /\b20\b/, '20'), ...isShort(seen, 300)],
    good: () => [saying('9'), saying('20')],
    bad: () => [[saying('9'), saying('As I said, 9.')]],
  },
  {
    name: 'one-sentence',
    what: 'keeps to the length that was asked for',
    asks: ['@bellhop in one sentence: what is DNS?'],
    judge: (seen) => [
      ...says(seen, /name/i, 'what it is'),
      ...isShort(seen, 350),
      ...neverSays(seen, /^#|\n\n/m, 'has more than a sentence'),
    ],
    good: () => only('DNS is the system that turns names such as example.com into the addresses of computers.'),
    bad: () => [
      only(`# DNS\n\nDNS turns names into addresses.\n\n${'There is much more to say about it. '.repeat(12)}`),
    ],
  },
  {
    name: 'language',
    what: 'answers in the language of the question',
    asks: ['@bellhop Wie viele Tage hat der Februar in einem Schaltjahr? Bitte in einem ganzen Satz.'],
    judge: (seen) => [
      ...says(seen, /\b29\b|neunundzwanzig/i, '29'),
      ...says(seen, /\b(?:hat|Tage|Schaltjahr)\b/, 'it in German'),
    ],
    good: () => only('Im Schaltjahr hat der Februar 29 Tage.'),
    bad: () => [only('February has 29 in a leap year.'), only('Der Februar hat 28 Tage.')],
  },
];
