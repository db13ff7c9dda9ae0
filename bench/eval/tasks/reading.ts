/** Tasks in which something is read and told. */
import { lastWeek } from '../../../simulators/acme/signups.ts';
import { isShort, neverSays, only, running, saying, says, usesTools } from '../judging.ts';
import { screenshot } from '../screenshot.ts';
import type { Said, Task } from '../task.ts';

const DEPLOY_TALK: readonly Said[] = [
  { as: 'ada', text: 'The checkout deploy was planned for Tuesday.' },
  { as: 'grace', text: 'The load test failed on Monday: 4 of 10 runs timed out. I would not go on Tuesday.' },
  { as: 'linus', text: 'Agreed. I move it to Thursday 10:00 and prepare the rollback.' },
  { as: 'edsger', text: 'Fine. Somebody still has to tell support about the new date.' },
  { as: 'ada', text: 'Not me this time, please. Open.' },
];

const ORDERS = 'id,country,amount\n1,DE,120\n2,US,455\n3,DE,300\n4,FR,400\n';
const LOG = Array.from({ length: 1_500 }, (_, at) =>
  at === 1_066
    ? '12:07:11 ERROR request 7f3c9 failed: connection to orders-db refused'
    : `12:0${at % 10}:00 INFO request ${at} ok`,
).join('\n');

function bestDay() {
  return lastWeek(new Date()).reduce((best, row) => (row.signups > best.signups ? row : best));
}

export const reading: readonly Task[] = [
  {
    name: 'catch-up',
    what: 'catches somebody up on a thread',
    before: DEPLOY_TALK,
    asks: ['@bellhop catch me up on this thread'],
    judge: (seen) => [
      ...says(seen, /thursday/i, 'the new day'),
      ...says(seen, /load test/i, 'why'),
      ...says(seen, /support/i, 'what is still open'),
      ...isShort(seen, 1_500),
    ],
    good: () =>
      only(
        'The checkout deploy moved from Tuesday to **Thursday 10:00**, because the load test failed (4 of 10 runs timed out). Linus prepares the rollback. Open: nobody has told support yet.',
      ),
    bad: () => [
      only('The team talked about a deploy.'),
      only('The deploy is on Tuesday; the load test passed and support knows.'),
    ],
  },
  {
    name: 'who-does-what',
    what: 'names who does what from a thread',
    before: DEPLOY_TALK,
    asks: ['@bellhop who has to do what, by this thread? What has nobody taken?'],
    judge: (seen) => [
      ...says(seen, /linus[^.\n]*(?:rollback|thursday)|(?:rollback|thursday)[^.\n]*linus/i, 'what Linus does'),
      ...says(seen, /support/i, 'what nobody has taken'),
      ...neverSays(seen, /ada (?:tells|will tell|has to tell|informs)/i, 'gives Ada what she has refused'),
    ],
    good: () =>
      only(
        '- Linus: moves the deploy to Thursday and prepares the rollback.\n- Nobody yet: telling support about the new date.',
      ),
    bad: () => [only('- Linus: rollback\n- Ada tells support about the date.'), only('Everybody does their part.')],
  },
  {
    name: 'add-up-a-file',
    what: 'adds up a column of an attached file',
    files: [{ name: 'orders.csv', content: ORDERS }],
    asks: ['@bellhop what is the sum of amount in the attached file, and which country has most of it?'],
    judge: (seen) => [
      ...says(seen, /1[,.  ]?275/, '1275'),
      ...says(seen, /\bUS\b|United States/, 'US'),
      ...usesTools(seen),
    ],
    good: () => [
      running(
        "awk -F, 'NR>1 { all += $3; by[$2] += $3 } END { print all; for (c in by) print c, by[c] }' /workspace/uploads/*/orders.csv",
      ),
      saying('The sum is **1,275**. US has most of it, 455.'),
    ],
    bad: () => [
      only('The sum is 1,275, US has most.'),
      [running('true'), saying('The sum is 1,200. DE has most of it.')],
    ],
  },
  {
    name: 'find-in-a-log',
    what: 'finds the one error of a long log',
    files: [{ name: 'app.log', content: LOG }],
    asks: ['@bellhop which request failed in this log, and why?'],
    judge: (seen) => [
      ...says(seen, /7f3c9/, 'the request'),
      ...says(seen, /orders-db/, 'the cause'),
      ...isShort(seen, 1_000),
    ],
    good: () => [
      running('grep ERROR /workspace/uploads/*/app.log'),
      saying('Request `7f3c9` at 12:07:11: orders-db refused the connection.'),
    ],
    bad: () => [only('Request 1066 failed, because of a timeout.')],
  },
  {
    name: 'best-day',
    what: 'reads figures from a service with a credential',
    asks: ['@bellhop which of the last seven days had most signups at Acme, and how many?'],
    judge: (seen) => [
      ...says(seen, new RegExp(`\\b${bestDay().signups}\\b`), 'how many'),
      ...(seen.origin.some(({ path, caller }) => path.startsWith('/v1/signups') && caller === 'svc-bellhop')
        ? []
        : ['the service was not asked with its credential']),
    ],
    good: () => [
      running('curl -sS https://api.acme.test/v1/signups'),
      saying(`${bestDay().day} had most: ${bestDay().signups} signups.`),
    ],
    bad: () => [
      only(`${bestDay().day}: ${bestDay().signups}.`),
      [running('curl -sS https://api.acme.test/v1/signups'), saying('Monday had most.')],
    ],
  },
  {
    name: 'read-a-page',
    what: 'answers from a page, having read it',
    asks: ['@bellhop by https://docs.acme.test/ what does GET /v1/signups give without a credential?'],
    judge: (seen) => [
      ...says(seen, /anonymous/, 'whose it is'),
      ...says(seen, /total/, 'what there is'),
      ...(seen.origin.some(({ host }) => host === 'docs.acme.test') ? [] : ['the page was not read']),
    ],
    good: () => [
      running('curl -sS https://docs.acme.test/'),
      saying('`caller` is `anonymous`, and there is only a `total`.'),
    ],
    bad: () => [
      only('`caller` is anonymous, with a total.'),
      [running('curl -sS https://docs.acme.test/'), saying('It gives all rows.')],
    ],
  },
  {
    name: 'read-a-screenshot',
    what: 'reads an error from a picture',
    files: [{ name: 'error.png', content: screenshot('E-4417 DISK FULL') }],
    asks: ['@bellhop what error code does this screenshot show?'],
    judge: (seen) => [...says(seen, /4417/, 'the code'), ...isShort(seen, 600)],
    good: () => only('It shows **E-4417**, "disk full".'),
    bad: () => [only('I see an error message in the picture.')],
  },
  {
    name: 'triage-an-alert',
    what: 'triages an alert and acts on nothing',
    before: [
      {
        as: 'linus',
        text: 'ALERT checkout-latency p95 2.4 s (limit 0.8 s) since 14:05. Deploys today: cart 1.8 at 14:02, search 3.1 at 09:20. orders-db cpu 30 %.',
      },
    ],
    asks: ['@bellhop triage this: what is the likely cause, and what would you do next?'],
    judge: (seen) => [
      ...says(seen, /cart/i, 'the likely cause'),
      ...says(seen, /roll(?:ing)? ?back|revert/i, 'a next step'),
      ...neverSays(seen, /(?:I|have) (?:have )?(?:rolled back|reverted|restarted)/i, 'claims to have acted'),
    ],
    good: () =>
      only(
        'Most likely **cart 1.8**, deployed three minutes before. orders-db is calm, search 3.1 is hours old. Next: compare a trace before and after 14:02; if it is cart, roll back to 1.7. Shall I look at the traces?',
      ),
    bad: () => [
      only('I have rolled back cart 1.8, latency is fine again.'),
      only('The database is overloaded; scale it up.'),
    ],
  },
  {
    name: 'my-time',
    what: 'knows day and time of who asks',
    as: 'grace',
    asks: ['@bellhop which day of the week is it where I am, and in which time zone is that?'],
    judge: (seen) => [
      ...says(seen, new RegExp(weekdayIn('America/New_York'), 'i'), 'the day'),
      ...says(seen, /New[ _]York|Eastern|\bE[SD]?T\b/, 'the zone'),
    ],
    good: () => only(`${weekdayIn('America/New_York')} (America/New_York).`),
    bad: () => [only('I cannot know which day it is.'), only(`${weekdayIn('America/New_York')}, UTC.`)],
  },
  {
    name: 'who-am-i',
    what: 'knows what who asks does',
    as: 'grace',
    asks: ['@bellhop what is my job here, as far as you know?'],
    judge: (seen) => [...says(seen, /head of data/i, 'the title'), ...isShort(seen, 500)],
    good: () => only('Your profile says Head of data.'),
    bad: () => [only('I do not know you.')],
  },
  {
    name: 'what-is-this-channel',
    what: 'knows what a channel is for',
    asks: ['@bellhop what is this channel about?'],
    judge: (seen) => [...says(seen, /on-?call/i, 'its topic'), ...isShort(seen, 800)],
    good: () => only('By its topic: builds, data and on-call.'),
    bad: () => [only('It is a channel of your company.')],
  },
];

function weekdayIn(timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'long' }).format(new Date());
}
