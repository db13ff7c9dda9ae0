import { indexAccess } from '../../../access/effective-access.ts';
import { createBeginning } from '../../../activities/begin-turn.ts';
import { createEnding } from '../../../activities/end-turn.ts';
import { createShowProgress } from '../../../activities/progress.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../activities/settings.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { claimInboxMessages } from '../../../store/claim-messages.ts';
import { inTransaction } from '../../../store/database.ts';
import { saveFile } from '../../../store/files.ts';
import { readTranscript } from '../../../store/transcript.ts';
import { lockSession } from '../../../store/turn-fence.ts';
import { setPlan } from '../../../store/turns.ts';
import { connection, documentOf, domain } from '../../support/access-document.ts';
import { type GatewayStage, startGatewayStage, TEAM } from '../../support/gateway-stage.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;
const OPS = 'channel:T000000ACME:C00PLATFORM' as const;
const SECOPS = 'channel:T000000ACME:C0000SECOPS' as const;
const index = indexAccess(
  documentOf({
    [SECOPS]: { connections: [connection('vault', 'vault.acme.test')] },
    [OPS]: {
      connections: [connection('acme-readonly', 'api.acme.test')],
      domains: [domain('docs.acme.test')],
      instructions: 'Answer in `two` <sentences> & no more.',
    },
  }),
);

beforeAll(async () => {
  stage = await startGatewayStage();
  await stage.start({ effective: async (scope) => index.shown(scope), places: async () => index.channels });
}, 60_000);
afterAll(() => stage?.[Symbol.asyncDispose]());

async function begin(text = '@bellhop begin'): Promise<SimMessage> {
  const mention = await stage.slack.post('ada', 'platform-eng', text);
  await stage.slack.waitForReaction(mention, 'eyes');
  return mention;
}

function say(as: string, thread: SimMessage, text: string): Promise<SimMessage> {
  return stage.slack.post(as, thread.channel, text, { threadTs: thread.ts });
}

const rowOf = async (message: SimMessage) => (await stage.inbox()).find((row) => row.ts === message.ts);

test.each([
  ['help', /These words I answer at once/],
  ['status', /Nothing is running here/],
  ['schedules', /No schedules here/],
  ['access', /acme-readonly/],
  ['forget', /Shall I forget this thread\?/],
  ['deploy', /I know no such word.*restart: begin anew/s],
])('%s is answered to the person alone, with a mention and by !%s', async (word, answer) => {
  const thread = await begin();
  const before = (await stage.slack.state()).ephemerals.length;
  const asked = [await say('grace', thread, `@bellhop !${word}`), await say('grace', thread, `!${word}`)];
  if (word !== 'deploy') asked.push(await say('grace', thread, `@bellhop ${word.toUpperCase()}, please?`));
  await until(async () => (await stage.slack.state()).ephemerals.length === before + asked.length, 'the answers');
  const heard = (await stage.slack.state()).ephemerals.slice(before);
  for (const each of heard) {
    expect(each).toMatchObject({ visibleTo: 'U00000GRACE', threadTs: thread.ts });
    expect(each.text).toMatch(answer);
  }
  for (const each of asked) expect(await rowOf(each)).toMatchObject({ state: 'answered' });
  expect(await stage.slack.answers(thread)).toEqual([]);
  expect(await stage.signals(stage.sessionOf(thread))).toHaveLength(1);
});

test('a word with more beside it is for the agent', async () => {
  const thread = await begin();
  await stage.slack.waitForReaction(await say('ada', thread, '@bellhop restart the build'), 'eyes');
  await stage.slack.waitForReaction(await say('ada', thread, 'forget'), 'eyes');
});

test('access says in words what the command line says, and names its command for the whole', async () => {
  const thread = await begin();
  await say('linus', thread, '!access');
  const told = await stage.slack.waitForWhisper('linus', /What I reach/);
  const text = told.text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  expect(text).toBe(
    [
      'What I reach in #platform-eng',
      'I act as myself here, no matter who asks.',
      'With a credential:',
      '• acme-readonly: read and change, at api.acme.test',
      'Without a credential:',
      '• docs.acme.test: read and change',
      'Never:',
      '• everything that is not named here',
      'What I am told to keep to here:',
      '• Answer in `two` <sentences> & no more.',
      "Every rule, and where it comes from: an administrator sees it with ./bellhop effective '#platform-eng'",
    ].join('\n'),
  );
});

test('status says what the live line says, with the plan, who asked, and what waits behind it', async () => {
  const { database } = stage.db;
  const { beginTurn } = createBeginning({ database, settings: DEFAULT_SESSION_SETTINGS });
  const thread = await begin('@bellhop fix the build');
  const session = stage.sessionOf(thread);
  await beginTurn({ session, after: 0, stoppedUpTo: null, fence: { run: 1, count: 1 } });
  await inTransaction(database, async (db) => {
    await lockSession(db, session);
    await claimInboxMessages(db, session, 1, () => 1);
    await setPlan(db, { session, turn: 1, step: 2 }, [
      { step: 'Find the cause', state: 'done' },
      { step: 'Mend it', state: 'now' },
    ]);
  });
  const body = await showWorking(session);
  await stage.slack.waitForAnswer(thread, /running the tests/);
  await stage.slack.waitForReaction(await say('grace', thread, 'and tell the <team>'), 'eyes');
  await say('edsger', thread, 'status');
  const { text } = await stage.slack.waitForWhisper('edsger', /Working/);
  expect(text).toContain(body);
  expect(text).toContain('☑ Find the cause\n▸ Mend it\nAsked by ada.\n');
  expect(text).toMatch(
    /1 message waits for me, and I read what waits with my next step:\n• grace: and tell the &lt;team&gt;$/,
  );
});

/** Writes the live line of the first turn, and returns how it begins. */
async function showWorking(session: SessionId): Promise<string> {
  await createShowProgress(stage.db.database)({ session, turn: 1, step: 3, what: 'running the tests' });
  return 'Working · step 3 · running the tests · ';
}

test('schedules lists those of the channel, with their next runs', async () => {
  await stage.db.database.query(
    `insert into schedule (name, team, channel, cron, timezone, prompt, policy_version)
     values ('elsewhere', $1, 'C00GENERAL0', '0 9 * * MON', 'Europe/Berlin', 'Chart signups', 1),
            ('here', $1, 'C00PLATFORM', '0 9 * * MON', 'Europe/Berlin', 'Chart errors', 1)`,
    [TEAM],
  );
  const thread = await begin();
  await say('edsger', thread, '!schedules');
  const { text } = await stage.slack.waitForWhisper('edsger', /Chart errors/);
  await stage.db.database.query('delete from schedule');
  expect(text).toMatch(/here: Chart errors\n +0 9 \* \* MON \(Europe\/Berlin\), next Mon \d+ \w+, 09:00; /);
  expect(text).not.toContain('Chart signups');
});

test('restart ends the work, and the next turn reads the thread anew, with the instructions of then', async () => {
  const { database } = stage.db;
  const { beginTurn } = createBeginning({ database, settings: DEFAULT_SESSION_SETTINGS });
  const { endTurn } = createEnding({ database });
  const thread = await begin('@bellhop chart signups');
  const session = stage.sessionOf(thread);
  const asking = (count: number, stoppedUpTo: string | null = null) => ({
    ...{ session, after: 0, stoppedUpTo },
    fence: { run: 1, count },
  });
  const reads = (turn: number) =>
    inTransaction(database, async (db) => {
      await lockSession(db, session);
      return claimInboxMessages(db, session, turn, () => 1);
    });
  await beginTurn(asking(1));
  await reads(1);
  await database.query('update session set instructions = $2 where id = $1', [
    session,
    '[{"origin":"o","text":"old"}]',
  ]);

  const restart = await say('grace', thread, '!restart');
  await stage.slack.waitForWhisper('grace', /I begin anew here/);
  const { text: told } = await stage.slack.waitForAnswer(thread, /restarted this thread/);
  expect(told).toMatch(/^grace restarted this thread: I no longer know what was said and done here/);
  const stop = (await stage.signals(session)).at(-1);
  expect(stop).toMatchObject({ name: 'stop', payload: { by: 'U00000GRACE', inboxId: (await rowOf(restart))?.id } });
  // The turn that is being stopped takes nothing of what is to be read anew.
  expect(await reads(1)).toBe(0);
  await endTurn({ session, turn: 1, ending: 'stopped', stoppedBy: 'U00000GRACE' });
  expect(await readTranscript(database, session)).toEqual([]);

  await stage.slack.waitForReaction(await say('ada', thread, 'by region'), 'eyes');
  expect(await beginTurn(asking(2))).toMatchObject({ turn: 2 });
  await reads(2);
  const read = (await readTranscript(database, session)).flatMap(({ content }) =>
    'kind' in content ? [{ text: content.text, context: content.context }] : [],
  );
  expect(read).toEqual([
    { text: 'chart signups', context: true },
    { text: 'by region', context: false },
  ]);
});

/** A thread with one turn that has read a message with a file, and has a workspace. */
async function worked(): Promise<{ thread: SimMessage; session: SessionId }> {
  const { database } = stage.db;
  const thread = await begin('@bellhop remember the number seven');
  const session = stage.sessionOf(thread);
  const { beginTurn } = createBeginning({ database, settings: DEFAULT_SESSION_SETTINGS });
  await beginTurn({ session, after: 0, stoppedUpTo: null, fence: { run: 1, count: 1 } });
  await readAs(session, 1);
  for (const direction of ['in', 'seen', 'out'] as const) {
    await saveFile(database, { session, name: direction, direction, origin: direction, bytes: Buffer.from('bytes') });
  }
  await database.query(
    "insert into sandbox (id, session, runner, state, working_turn, has_workspace) values ($1, $2, 'r1', 'running', 1, true)",
    [`s${thread.ts}`, session],
  );
  return { thread, session };
}

function readAs(session: SessionId, turn: number): Promise<number> {
  return inTransaction(stage.db.database, async (db) => {
    await lockSession(db, session);
    return claimInboxMessages(db, session, turn, () => 1);
  });
}

describe('forget', () => {
  test('asks first; a press has the thread forgotten, says so to everybody, and keeps the record', async () => {
    const { database } = stage.db;
    const { thread, session } = await worked();
    await say('grace', thread, '@edsger lunch?');
    await say('grace', thread, '!forget');
    const asked = await askedIn(thread);
    expect(asked.text).toMatch(/record stays/);
    // The word alone forgets nothing.
    expect(await readTranscript(database, session)).not.toEqual([]);
    expect((await filesOf(session)).toSorted()).toEqual(['in', 'out', 'seen']);

    await stage.slack.click('grace', asked, 'bellhop_forget');
    const notice = await stage.slack.waitForAnswer(thread, /had me forget this thread/);
    expect(notice.text).toMatch(/^grace had me forget/);
    expect((await stage.signals(session)).at(-1)).toMatchObject({ name: 'stop', payload: { by: 'U00000GRACE' } });
    expect(await readTranscript(database, session)).toEqual([]);
    expect(await filesOf(session)).toEqual(['out']);
    expect(
      (await database.query('select forget_turn, has_workspace from sandbox where session = $1', [session])).rows,
    ).toEqual([{ forget_turn: 1, has_workspace: false }]);
    const kept = await database.query('select 1 from transcript where session = $1', [session]);
    expect(kept.rowCount).toBeGreaterThan(0);

    const { beginTurn } = createBeginning({ database, settings: DEFAULT_SESSION_SETTINGS });
    await createEnding({ database }).endTurn({ session, turn: 1, ending: 'stopped', stoppedBy: 'U00000GRACE' });
    await stage.slack.waitForReaction(await say('ada', thread, 'which number?'), 'eyes');
    expect(await beginTurn({ session, after: 0, stoppedUpTo: null, fence: { run: 1, count: 2 } })).toMatchObject({
      turn: 2,
    });
    await readAs(session, 2);
    const read = (await readTranscript(database, session)).flatMap(({ content }) =>
      'kind' in content && content.kind === 'message' ? [content.text] : [],
    );
    expect(read).toEqual(['which number?']);
  });

  test('where there is nothing says so', async () => {
    await stage.slack.post('ada', 'platform-eng', '@bellhop !forget');
    await stage.slack.waitForWhisper('ada', /nothing to forget/);
  });

  test('in a thread that has become one person’s is for that person alone', async () => {
    const { thread, session } = await worked();
    await say('linus', thread, '!forget');
    const asked = await askedIn(thread);
    await stage.db.database.query("update session set owner = 'U0000000ADA' where id = $1", [session]);
    await stage.slack.click('linus', asked, 'bellhop_forget');
    await stage.slack.waitForWhisper('linus', /name of another person, who alone can have it forgotten/);
    expect((await filesOf(session)).toSorted()).toEqual(['in', 'out', 'seen']);
  });
});

/** The question that one person sees in the thread. */
async function askedIn(thread: SimMessage) {
  const asked = async () =>
    (await stage.slack.state()).ephemerals.find(
      ({ threadTs, text }) => threadTs === thread.ts && text.startsWith('Shall I forget this thread?'),
    );
  await until(async () => (await asked()) !== undefined, 'the question');
  const found = await asked();
  if (!found) throw new Error('it is gone');
  return found;
}

async function filesOf(session: SessionId): Promise<string[]> {
  const { rows } = await stage.db.database.query<{ direction: string }>(
    'select direction from file where session = $1',
    [session],
  );
  return rows.map(({ direction }) => direction);
}

test('restart where there is nothing says so', async () => {
  await stage.slack.post('ada', 'platform-eng', '@bellhop restart');
  await stage.slack.waitForWhisper('ada', /nothing to restart/);
});

test('the Home tab says what the agent is, what places reach and what is scheduled; guests see no places', async () => {
  const { slack } = stage;
  const thread = await begin();
  await stage.db.database.query(
    `insert into schedule (name, team, channel, cron, timezone, prompt, policy_version)
     values ('monday', $1, $2, '0 9 * * MON', 'Europe/Berlin', 'Chart signups', 1)`,
    [TEAM, thread.channel],
  );
  await slack.openHome('ada');
  await slack.waitForHome('ada', /What bellhop is/);
  await slack.waitForHome(
    'ada',
    /#platform-eng: acme-readonly; without a credential: \S+[\s\S]*Channels without rules of their own: /,
  );
  await slack.waitForHome('ada', /monday in #platform-eng: Chart signups/);
  await slack.openHome('gia');
  const home = await slack.waitForHome('gia', /What bellhop is/);
  expect(JSON.stringify(home.blocks)).not.toContain('acme-readonly');
});

test('the Home tab names a private channel and its schedules to those who are in it, as Slack says at that moment', async () => {
  const { slack, db } = stage;
  await begin();
  // The gateway has heard of the channel.
  const asked = await slack.post('ada', 'secops', '@bellhop begin');
  await slack.waitForReaction(asked, 'eyes');
  await db.database.query(
    `insert into schedule (name, team, channel, cron, timezone, prompt, policy_version)
     values ('nightly', $1, 'C0000SECOPS', '0 9 * * MON', 'Europe/Berlin', 'Rotate keys', 1)`,
    [TEAM],
  );
  await slack.openHome('ada');
  const home = JSON.stringify((await slack.waitForHome('ada', /nightly in #secops: Rotate keys/)).blocks);
  expect(home).toContain('#secops: vault');
  // What they are in comes first.
  expect(home.indexOf('#secops: vault')).toBeLessThan(home.indexOf('Channels without rules of their own'));
  await slack.openHome('grace');
  const others = JSON.stringify((await slack.waitForHome('grace', /#platform-eng: acme-readonly/)).blocks);
  expect(others).not.toMatch(/secops|vault|Rotate/);
  // It was public when the gateway last heard of it.
  await db.database.query(
    "update channel set kind = 'public', seen_at = now() - interval '1 hour' where id = 'C0000SECOPS'",
  );
  await slack.openHome('edsger');
  const stale = JSON.stringify((await slack.waitForHome('edsger', /#platform-eng/)).blocks);
  expect(stale).not.toMatch(/secops|vault|Rotate/);
  await slack.dismiss('secops', 'ada');
  await slack.dismiss('platform-eng', 'ada');
  await slack.openHome('ada');
  const left = await slack.waitForHome('ada', /#platform-eng \(you are not in it\): acme-readonly/);
  expect(JSON.stringify(left.blocks)).not.toMatch(/secops|vault|Rotate/);
  await slack.invite('secops', 'ada');
  await slack.invite('platform-eng', 'ada');
});
