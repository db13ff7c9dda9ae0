import { crowdOf, person } from '../../../bench/load/crowd.ts';
import { createSlackClient } from '../../../slack/api/client.ts';
import { TryAgain } from '../../../slack/api/errors.ts';
import { whoAmI } from '../../../slack/api/identity.ts';
import { createPacedCalls } from '../../../slack/api/paced-calls.ts';
import { type RateLimits, SLACK_LIMITS } from '../../../slack/api/rate-limits.ts';
import { createDirectory, type Directory } from '../../../slack/people/directory.ts';
import { contention } from '../../support/contention.ts';
import { type GatewayStage, startGatewayStage, TEAM } from '../../support/gateway-stage.ts';
import { until } from '../../support/until.ts';

const PEOPLE = 60;
const FEW_LOOKUPS: RateLimits = {
  ...SLACK_LIMITS,
  'users.info': { capacity: 5, perSecond: 20 },
  'users.list': { capacity: 20, perSecond: 20 },
};

let stage: GatewayStage;
/** Milliseconds by which the gateway's clock is ahead. */
let ahead = 0;
const now = () => new Date(Date.now() + ahead);
const directories: Directory[] = [];

beforeAll(async () => {
  stage = await startGatewayStage({ more: crowdOf(PEOPLE, 1) });
}, 60_000);
afterEach(async () => {
  for (const directory of directories.splice(0)) directory.stop();
  ahead = 0;
  await stage.slack.clearFaults();
  await stage.db.database.query('truncate person, rate_bucket, inbox, slack_watermark, slack_catch_up');
});
afterAll(() => stage?.[Symbol.asyncDispose]());

async function directoryWith(limits: RateLimits = FEW_LOOKUPS): Promise<Directory> {
  const { slack, db } = stage;
  const client = createSlackClient(slack.tokens.bot, slack.apiUrl, { warn: () => {}, error: () => {} });
  const calls = createPacedCalls({ db: db.database, client, team: TEAM, limits });
  const directory = createDirectory({ db: db.database, calls, identity: await whoAmI(client), now });
  directories.push(directory);
  return directory;
}

async function states(): Promise<Record<string, number>> {
  const { rows } = await stage.db.database.query<{ state: string; count: number }>(
    "select case when state = 'delivered' and delivered_at is null then 'waiting' else state end as state, count(*)::int from inbox group by 1",
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}

test('of many people who speak for the first time at once nobody is refused, however long Slack limits the lookups', async () => {
  const { slack } = stage;
  // Only one by one, so that a minute passes before most of them are known.
  await slack.fault({ missingMethod: 'users.list' });
  const gateway = await stage.start({ limits: FEW_LOOKUPS, now });
  for (let n = 0; n < PEOPLE; n += 1) await slack.post(person(n), 'load-0', `@bellhop question ${n}`);
  await until(async () => ((await states()).received ?? 0) < PEOPLE, 'the first to be known');
  ahead = 61_000;
  await until(async () => (await states()).delivered === PEOPLE, 'everybody to be heard', 30_000);
  expect(await states()).toEqual({ delivered: PEOPLE });
  const { rows } = await stage.db.database.query<{ attempts: number }>('select max(attempts) as attempts from inbox');
  expect(rows[0]?.attempts).toBeLessThanOrEqual(2);
  await gateway.stop();
}, 60_000);

test('a list of people is read when more wait than can be asked about one by one', async () => {
  const { slack } = stage;
  const slow = { ...FEW_LOOKUPS, 'users.info': { capacity: 5, perSecond: 0.1 } };
  const gateway = await stage.start({ limits: slow, now });
  const before = (await slack.calls('users.info')).length;
  for (let n = 0; n < PEOPLE; n += 1) await slack.post(person(n), 'load-0', `@bellhop question ${n}`);
  await until(async () => (await states()).delivered === PEOPLE, 'everybody to be heard', 20_000);
  expect((await slack.calls('users.info')).length - before).toBeLessThan(20);
  await gateway.stop();
}, 60_000);

test('a person whom many ask about at once is looked up once', async () => {
  const { slack } = stage;
  const directory = await directoryWith();
  const before = (await slack.calls('users.info')).length;
  const found = await Promise.all(Array.from({ length: 20 }, () => directory.person('U0000000ADA')));
  expect(new Set(found.map((one) => one?.class))).toEqual(new Set(['member']));
  expect((await slack.calls('users.info')).length - before).toBe(1);
});

test('somebody known from before is used while Slack limits lookups, and looked up again when it does not', async () => {
  const { slack } = stage;
  const directory = await directoryWith();
  await directory.person('U00000GRACE');
  ahead = 60 * 60_000;
  await slack.fault({ rateLimit: 'users.info', times: 1, retryAfter: 2 });
  const asked = performance.now();
  expect(await directory.person('U00000GRACE')).toMatchObject({ class: 'member', name: 'grace' });
  expect(performance.now() - asked).toBeLessThan(1_900 * contention());
  const before = (await slack.calls('users.info')).length;
  await until(async () => (await slack.calls('users.info')).length > before, 'the lookup that was put off');
});

test('what is known is too old after a day: then Slack is waited for', async () => {
  const { slack } = stage;
  const directory = await directoryWith();
  await directory.person('U00000GRACE');
  ahead = 25 * 60 * 60_000;
  await slack.fault({ rateLimit: 'users.info', times: 1, retryAfter: 3 });
  await expect(directory.person('U00000GRACE')).rejects.toBeInstanceOf(TryAgain);
});

test('a change that Slack tells of is believed at once, and older data never replaces newer data', async () => {
  const { slack, db } = stage;
  const directory = await directoryWith();
  await directory.person('U00000LINUS');
  const linus = { id: 'U00000LINUS', team_id: TEAM, name: 'linus', is_restricted: true, updated: 1_900_000_000 };
  const before = (await slack.calls('users.info')).length;
  await directory.personChanged(linus);
  expect(await directory.person('U00000LINUS')).toMatchObject({ class: 'guest' });
  expect((await slack.calls('users.info')).length).toBe(before);
  await directory.personChanged({ ...linus, is_restricted: false, updated: 1_800_000_000 });
  expect(await directory.person('U00000LINUS')).toMatchObject({ class: 'guest' });
  expect((await db.database.query("select 1 from person where id = 'U00000LINUS'")).rowCount).toBe(1);
});

test('an answer about a channel that was asked for before the channel was shared is not believed', async () => {
  const { slack, db } = stage;
  const directory = await directoryWith();
  await db.database.query('delete from channel');
  await directory.channel('C00PLATFORM');
  await db.database.query("update channel set seen_at = 'epoch'");
  await slack.fault({ delayMs: 'conversations.info', ms: 500, times: 1 });
  const before = (await slack.calls('conversations.info')).length;
  const asked = directory.channel('C00PLATFORM');
  await new Promise((resolve) => setTimeout(resolve, 200));
  await directory.forgetChannel('C00PLATFORM');
  await asked;
  expect((await slack.calls('conversations.info')).length - before).toBe(2);
});
