/** What was on its way while a thread was forgotten, and what comes back to it after that. */
import { createBeginning } from '../../../activities/begin-turn.ts';
import { createEnding } from '../../../activities/end-turn.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../activities/settings.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { claimInboxMessages } from '../../../store/claim-messages.ts';
import { inTransaction } from '../../../store/database.ts';
import { readTranscript } from '../../../store/transcript.ts';
import { lockSession } from '../../../store/turn-fence.ts';
import { type GatewayStage, startGatewayStage } from '../../support/gateway-stage.ts';
import type { PostOptions, SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;

beforeAll(async () => {
  stage = await startGatewayStage();
  await stage.start({});
}, 60_000);
afterAll(() => stage?.[Symbol.asyncDispose]());

const say = (as: string, thread: SimMessage, text: string, options: PostOptions = {}): Promise<SimMessage> =>
  stage.slack.post(as, thread.channel, text, { threadTs: thread.ts, ...options });

const rowOf = async ({ ts }: SimMessage) =>
  (await stage.inbox()).find((row) => row.ts === ts && row.kind === 'message');

/** A thread whose first turn has read a message with a file, and has ended. */
async function worked(): Promise<{ thread: SimMessage; session: SessionId }> {
  const thread = await stage.slack.post('ada', 'platform-eng', '@bellhop remember the number seven', {
    files: [{ name: 'plan.txt', content: 'the plan' }],
  });
  await stage.slack.waitForReaction(thread, 'eyes');
  const session = stage.sessionOf(thread);
  await beginTurn(session, 1);
  await readAs(session, 1);
  await createEnding({ database: stage.db.database }).endTurn({ session, turn: 1, ending: 'answered' });
  return { thread, session };
}

function beginTurn(session: SessionId, count: number) {
  const { beginTurn: begin } = createBeginning({ database: stage.db.database, settings: DEFAULT_SESSION_SETTINGS });
  return begin({ session, after: 0, stoppedUpTo: null, fence: { run: 1, count } });
}

function readAs(session: SessionId, turn: number): Promise<number> {
  return inTransaction(stage.db.database, async (db) => {
    await lockSession(db, session);
    return claimInboxMessages(db, session, turn, () => 1);
  });
}

/** What the turn that begins with these words reads. */
async function readNext(thread: SimMessage, session: SessionId, text: string) {
  await stage.slack.waitForReaction(await say('ada', thread, text), 'eyes');
  expect(await beginTurn(session, 2)).toMatchObject({ turn: 2 });
  await readAs(session, 2);
  return (await readTranscript(stage.db.database, session)).flatMap(({ content }) =>
    'kind' in content && content.kind !== 'stop' ? [content] : [],
  );
}

async function askToForget(thread: SimMessage) {
  await say('grace', thread, '!forget');
  const asked = async () =>
    (await stage.slack.state()).ephemerals.find(
      ({ threadTs, text }) => threadTs === thread.ts && text.startsWith('Shall I forget this thread?'),
    );
  await until(async () => (await asked()) !== undefined, 'the question');
  return (await asked()) as NonNullable<Awaited<ReturnType<typeof asked>>>;
}

async function forget(thread: SimMessage): Promise<void> {
  await stage.slack.click('grace', await askToForget(thread), 'bellhop_forget');
  await stage.slack.waitForAnswer(thread, /had me forget this thread/);
}

async function attachedTo(session: SessionId): Promise<string[]> {
  const { rows } = await stage.db.database.query<{ name: string }>(
    "select name from file where session = $1 and direction = 'in'",
    [session],
  );
  return rows.map(({ name }) => name);
}

test('a message whose file was still coming is not read later, and its file is not kept', async () => {
  const { thread, session } = await worked();
  const asked = await askToForget(thread);
  await stage.slack.fault({ rateLimit: 'files.info', times: 1, retryAfter: 3 });
  const late = await say('ada', thread, '@bellhop and the other plan', {
    files: [{ name: 'late.txt', content: 'x', idOnly: true }],
  });
  await until(async () => (await stage.slack.calls('files.info')).length > 0, 'the file to be asked for');
  await stage.slack.click('grace', asked, 'bellhop_forget');
  await stage.slack.waitForAnswer(thread, /had me forget this thread/);
  expect(await rowOf(late)).toMatchObject({ state: 'received' });
  await until(async () => (await rowOf(late))?.state !== 'received', 'the message to be done', 20_000);
  expect((await readNext(thread, session, 'which number?')).map(({ text }) => text)).toEqual(['which number?']);
  expect(await attachedTo(session)).toEqual([]);
}, 60_000);

test('an edit of what was forgotten does not bring its words back', async () => {
  const { thread, session } = await worked();
  await forget(thread);
  await stage.slack.edit('ada', thread, '@bellhop remember nothing');
  await until(
    async () => (await stage.inbox()).some(({ kind, state }) => kind === 'edit' && state !== 'received'),
    'the edit to be done',
  );
  expect((await readNext(thread, session, 'which number?')).map(({ text }) => text)).toEqual(['which number?']);
}, 60_000);

test('a restart reads the words again, and says of a file that was removed that it is gone', async () => {
  const { thread, session } = await worked();
  await forget(thread);
  await say('grace', thread, '!restart');
  await stage.slack.waitForWhisper('grace', /I begin anew here/);
  const read = await readNext(thread, session, 'which number?');
  expect(read.map(({ text }) => text)).toEqual(['remember the number seven', 'which number?']);
  expect(read[0]?.files).toEqual([{ name: 'plan.txt', size: 8, file: null, problem: 'removed since' }]);
}, 60_000);

test('where Slack does not show the question, the person is told to ask again, and not asked without a button', async () => {
  const { thread } = await worked();
  await stage.slack.fault({ failWith: 'chat.postEphemeral', error: 'restricted_action', times: 1 });
  await say('linus', thread, '!forget');
  const dm = await stage.slack.openDm('linus');
  const told = async () => (await stage.slack.state()).messages.filter(({ channel }) => channel === dm);
  await until(async () => (await told()).length > 0, 'the direct message');
  expect((await told()).map(({ text }) => text)).toEqual([
    expect.stringMatching(/Please ask me again where I can post/),
  ]);
}, 60_000);

test('two presses at once have it forgotten once, and who was second is told so alone', async () => {
  const { thread } = await worked();
  const asked = await askToForget(thread);
  await Promise.all(['grace', 'grace'].map((as) => stage.slack.click(as, asked, 'bellhop_forget')));
  await stage.slack.waitForWhisper('grace', /is forgotten already/);
  await stage.slack.waitForAnswer(thread, /had me forget/);
  expect((await stage.slack.answers(thread)).filter(({ text }) => /had me forget/.test(text))).toHaveLength(1);
}, 60_000);

test('what somebody asked between two presses is not begun, and everybody is told so', async () => {
  const { thread } = await worked();
  const asked = await askToForget(thread);
  await stage.slack.click('grace', asked, 'bellhop_forget');
  const first = await stage.slack.waitForAnswer(thread, /had me forget this thread/);
  expect(first.text).not.toMatch(/not begun/);
  await stage.slack.waitForReaction(await say('linus', thread, '@bellhop chart it'), 'eyes');
  await stage.slack.click('grace', asked, 'bellhop_forget');
  await stage.slack.waitForAnswer(thread, /had me forget this thread.*What waited here is not begun\.$/);
}, 60_000);
