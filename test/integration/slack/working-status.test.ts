import { createBeginning } from '../../../activities/begin-turn.ts';
import { createEnding } from '../../../activities/end-turn.ts';
import { createShowProgress } from '../../../activities/progress.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../activities/settings.ts';
import type { TurnInput } from '../../../contracts/activities.ts';
import { turnIdOf } from '../../../contracts/ids.ts';
import type { AskedQuestion } from '../../../contracts/questions.ts';
import { askQuestion } from '../../../store/questions.ts';
import { type GatewayStage, startGatewayStage } from '../../support/gateway-stage.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

const METHOD = 'assistant.threads.setStatus';
const WORKING = 'is working…';
/** In Slack it is two minutes. */
const LIFE_MS = 3_000;
/** In an installation it is 90 seconds. */
const AGAIN_MS = 1_000;

let stage: GatewayStage;

beforeAll(async () => {
  stage = await startGatewayStage({ statusLifeMs: LIFE_MS });
}, 60_000);
afterAll(() => stage?.[Symbol.asyncDispose]());
afterEach(() => stage.slack.fault({ clear: true }));

const statusKey = ({ session, turn }: TurnInput) => `${turnIdOf(session, turn)}/status`;
const shown = async ({ ts }: SimMessage) =>
  (await stage.slack.state()).statuses.find(({ threadTs }) => threadTs === ts)?.status ?? '';
/** What Slack was told of one thread. */
const told = async ({ ts }: SimMessage) =>
  (await stage.slack.calls(METHOD)).filter(({ args }) => args.thread_ts === ts).map(({ args }) => args.status);

/** Somebody asks, and the turn for it begins. */
async function ask(): Promise<{ readonly thread: SimMessage; readonly turn: TurnInput }> {
  const thread = await stage.slack.post('ada', 'platform-eng', '@bellhop please work for long');
  await stage.slack.waitForReaction(thread, 'eyes');
  const session = stage.sessionOf(thread);
  const { beginTurn } = createBeginning({ database: stage.db.database, settings: DEFAULT_SESSION_SETTINGS });
  const begun = await beginTurn({ session, fence: { run: 1, count: 1 }, after: 0, stoppedUpTo: null });
  if (!begun) throw new Error('no turn has begun');
  return { thread, turn: { session, turn: begun.turn } };
}

const end = (turn: TurnInput, ending: 'answered' | 'stopped' = 'stopped') =>
  createEnding({ database: stage.db.database }).endTurn({ ...turn, ending });
const dueNow = (turn: TurnInput) =>
  stage.db.database.query('update outbox set not_before = now() where key = $1', [statusKey(turn)]);
const isDone = (turn: TurnInput) =>
  until(async () => {
    const { rows } = await stage.db.database.query(
      'select sent_revision = revision as done from outbox where key = $1',
      [statusKey(turn)],
    );
    return rows[0]?.done === true;
  }, 'the line of the turn to be done with');
const workingShown = (thread: SimMessage) => until(async () => (await shown(thread)) === WORKING, 'the line');

test('the line is there for as long as the turn works, over a change of gateways and a post, and ends with the answer', async () => {
  const first = await stage.start({ statusAgainMs: AGAIN_MS });
  const { thread, turn } = await ask();
  await workingShown(thread);
  const gone: string[] = [];
  const unfollow = stage.slack.simulator.changes.follow(({ type, data }) => {
    const status = data as { readonly threadTs?: string; readonly status?: string };
    if (type === 'status' && status.threadTs === thread.ts && status.status === '') gone.push('gone');
  });
  const before = (await told(thread)).length;
  await until(async () => (await told(thread)).length >= before + 4, 'four renewals', 15_000);
  expect(gone).toEqual([]);

  await first.stop();
  const second = await stage.start({ statusAgainMs: AGAIN_MS });
  const atStart = (await told(thread)).length;
  await until(async () => (await told(thread)).length > atStart, 'the other gateway to go on');

  await createShowProgress(stage.db.database)({ ...turn, step: 1, what: 'thinking' });
  await until(async () => gone.length === 1, 'the post of the live line to end it');
  await workingShown(thread);

  await end(turn);
  await stage.slack.waitForAnswer(thread, /Stopped/);
  await dueNow(turn);
  await isDone(turn);
  unfollow();
  expect(await shown(thread)).toBe('');
  const atEnd = (await told(thread)).length;
  await new Promise((done) => setTimeout(done, 2 * AGAIN_MS));
  expect((await told(thread)).length).toBe(atEnd);
  await second.stop();
}, 60_000);

test('a line that was on its way while the answer was posted is ended afterwards', async () => {
  const gateway = await stage.start({ statusAgainMs: AGAIN_MS });
  const { thread, turn } = await ask();
  await workingShown(thread);
  await stage.slack.fault({ delayMs: METHOD, ms: 1_500, times: 1 });
  await dueNow(turn);
  const calls = async () =>
    (await stage.db.database.query('select 1 from outbox where key = $1 and claim is not null', [statusKey(turn)]))
      .rowCount;
  await until(async () => (await calls()) === 1, 'the line to be on its way');
  await end(turn);
  await stage.slack.waitForAnswer(thread, /Stopped/);
  await workingShown(thread);
  await isDone(turn);
  expect(await shown(thread)).toBe('');
  expect((await told(thread)).at(-1)).toBe('');
  await gateway.stop();
}, 60_000);

test('an answer that came well after the line needs no call to end it', async () => {
  const gateway = await stage.start({ statusAgainMs: 60_000 });
  const { thread, turn } = await ask();
  await workingShown(thread);
  await stage.db.database.query("update outbox set sent_at = sent_at - interval '10 s' where kind = 'status'");
  await end(turn);
  await stage.slack.waitForAnswer(thread, /Stopped/);
  await dueNow(turn);
  await isDone(turn);
  expect(await shown(thread)).toBe('');
  expect(await told(thread)).not.toContain('');
  await gateway.stop();
}, 60_000);

test('the end of one turn leaves the line of the next alone', async () => {
  const gateway = await stage.start({ statusAgainMs: AGAIN_MS });
  const { thread, turn } = await ask();
  await workingShown(thread);
  await end(turn);
  await stage.slack.waitForAnswer(thread, /Stopped/);
  await stage.slack.post('ada', 'platform-eng', '@bellhop and this', { threadTs: thread.ts });
  const { beginTurn } = createBeginning({ database: stage.db.database, settings: DEFAULT_SESSION_SETTINGS });
  const asking = { session: turn.session, after: turn.turn, stoppedUpTo: null };
  let count = 1;
  await until(async () => {
    count += 1;
    return (await beginTurn({ ...asking, fence: { run: 1, count } })) !== null;
  }, 'the next turn');
  await workingShown(thread);
  await dueNow(turn);
  await isDone(turn);
  expect(await told(thread)).not.toContain('');
  expect(await shown(thread)).toBe(WORKING);
  await end({ ...turn, turn: turn.turn + 1 });
  await gateway.stop();
}, 60_000);

test('while the turn waits for a person, the line says so, and nothing of work', async () => {
  const gateway = await stage.start({ statusAgainMs: 60_000 });
  const { thread, turn } = await ask();
  await workingShown(thread);
  const question: AskedQuestion = {
    name: 'use',
    text: 'May I?',
    about: 'It',
    answerer: 'members',
    shown: 'thread',
    choices: [{ id: 'yes', label: 'Yes' }],
  };
  await askQuestion(stage.db.database, { ...turn, key: `${turn.session}/1/2/question/use`, question });
  await until(async () => (await shown(thread)) === 'is waiting for an answer…', 'the line to say so');
  const card = await stage.slack.waitForAnswer(thread, /May I/);
  await stage.slack.click('grace', card, 'bellhop_answer/yes');
  await workingShown(thread);
  await end(turn);
  await gateway.stop();
}, 60_000);

test('a message that comes while a turn works leaves its line as it is', async () => {
  const gateway = await stage.start({ statusAgainMs: 60_000 });
  const { thread, turn } = await ask();
  await workingShown(thread);
  const before = (await told(thread)).length;
  const more = await stage.slack.post('ada', 'platform-eng', 'and look at the logs too', { threadTs: thread.ts });
  await stage.slack.waitForReaction(more, 'eyes');
  const acknowledged = () =>
    stage.db.database.query(
      `select 1 from outbox where session = $1 and kind = 'status' and key <> $2 and sent_revision = revision
       and created_at > (select created_at from outbox where key = $2)`,
      [turn.session, statusKey(turn)],
    );
  await until(async () => (await acknowledged()).rowCount === 1, 'the acknowledgement to be done with');
  expect((await told(thread)).slice(before).filter((words) => words !== WORKING)).toEqual([]);
  await end(turn);
  await gateway.stop();
}, 60_000);

test('a workspace without such lines is asked once in a turn', async () => {
  await stage.slack.fault({ missingMethod: METHOD });
  const gateway = await stage.start({ statusAgainMs: 200 });
  const { thread, turn } = await ask();
  await isDone(turn);
  const after = (await told(thread)).length;
  // One for the acknowledgement, one for the turn.
  expect(after).toBeLessThanOrEqual(2);
  await new Promise((done) => setTimeout(done, 1_000));
  expect((await told(thread)).length).toBe(after);
  await end(turn);
  await gateway.stop();
}, 60_000);
