import type { Listen } from '../../../access/document.ts';
import { claimInboxMessages } from '../../../store/claim-messages.ts';
import { inTransaction } from '../../../store/database.ts';
import { readTranscript } from '../../../store/transcript.ts';
import { lockSession } from '../../../store/turn-fence.ts';
import { insertTurn } from '../../../store/turns.ts';
import type { GatewayStage } from '../../support/gateway-stage.ts';
import { onGateway } from '../../support/on-gateway.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;
let listen: Listen = 'everyone';

onGateway(
  (begun) => {
    stage = begun;
  },
  { listenIn: async () => listen },
);
afterEach(() => {
  listen = 'everyone';
});

async function isContext(message: SimMessage): Promise<void> {
  await until(async () => (await stage.rowOf(message))?.state === 'context', 'the message to be context');
}

const isHeard = (message: SimMessage) => stage.slack.waitForReaction(message, 'eyes');

/** Begins the session's next turn and lets it read what waits, as its first model call does. */
async function readIn(thread: SimMessage) {
  const { database } = stage.db;
  const session = stage.sessionOf(thread);
  await inTransaction(database, async (db) => {
    await lockSession(db, session);
    const turn = await insertTurn(db, { session, fence: { run: 1, count: 1 }, after: 0, stoppedUpTo: null });
    await claimInboxMessages(db, session, turn?.number ?? 1, () => 1);
  });
  return session;
}

test('with `listen: mentions` only a mention counts', async () => {
  listen = 'mentions';
  const thread = await stage.begin();
  await isContext(await stage.say('ada', thread, 'and by region'));
  await isHeard(await stage.say('grace', thread, '@bellhop and by region'));
});

test('with `listen: requester` those count who have mentioned the agent in the thread', async () => {
  listen = 'requester';
  const thread = await stage.begin();
  await isContext(await stage.say('grace', thread, 'I would chart it'));
  await isHeard(await stage.say('ada', thread, 'and by region'));
  await isHeard(await stage.say('grace', thread, '@bellhop by week, too'));
  await isHeard(await stage.say('grace', thread, 'and by month'));
});

test('a command word alone is a command, also of somebody who was just tagged', async () => {
  const { slack } = stage;
  const thread = await stage.begin();
  await isContext(await stage.say('ada', thread, '@grace have a look at this'));
  await stage.say('grace', thread, 'help');
  await slack.waitForWhisper('grace', /These words I answer at once/);
  listen = 'requester';
  await stage.say('edsger', thread, 'schedules');
  await slack.waitForWhisper('edsger', /No schedules here/);
});

test('a command word alone is no command where it answers a question of another person, or where only mentions are heard', async () => {
  const thread = await stage.begin();
  await isContext(await stage.say('ada', thread, '@grace what do you need?'));
  await isContext(await stage.say('grace', thread, 'access'));
  listen = 'mentions';
  await isContext(await stage.say('linus', thread, 'schedules'));
  listen = 'everyone';
  await stage.say('ada', thread, 'mute');
  await stage.slack.waitForAnswer(thread, /Muted by ada/);
  await isContext(await stage.say('linus', thread, 'help'));
});

test('a turn names everybody who has steered it, and those who talked beside it not', async () => {
  const thread = await stage.begin();
  await isHeard(await stage.say('grace', thread, 'by region'));
  await isContext(await stage.say('linus', thread, '@edsger lunch?'));
  await isHeard(await stage.say('grace', thread, 'and by week'));
  const session = await readIn(thread);
  const { rows } = await stage.db.database.query('select requester, steered_by from turn where session = $1', [
    session,
  ]);
  expect(rows).toEqual([{ requester: 'U0000000ADA', steered_by: ['U0000000ADA', 'U00000GRACE'] }]);
  await stage.slack.post('linus', thread.channel, '!status', { threadTs: thread.ts });
  await stage.slack.waitForWhisper('linus', /Asked by ada, steered by grace\./);
});

describe('mute', () => {
  test('by a word, everybody sees it, only mentions are heard, and a mention ends it', async () => {
    const { slack } = stage;
    const thread = await stage.begin();
    await stage.say('grace', thread, 'mute');
    const notice = await slack.waitForAnswer(thread, /Muted by grace/);
    await isContext(await stage.say('ada', thread, 'and by region'));
    await stage.say('ada', thread, '!mute');
    await slack.waitForWhisper('ada', /muted already/);
    await stage.say('ada', thread, '!status');
    await slack.waitForWhisper('ada', /I am muted here/);
    await isHeard(await stage.say('ada', thread, '@bellhop by region'));
    await slack.waitForAnswer(thread, (one) => one.ts === notice.ts && /ada has mentioned me/.test(one.text));
    await isHeard(await stage.say('ada', thread, 'and by week'));
  });

  test('by a button, which goes on being told who pressed it', async () => {
    const { slack } = stage;
    const thread = await stage.begin();
    await stage.say('linus', thread, 'status');
    const status = await slack.waitForWhisper('linus', /Nothing is running here/);
    await slack.click('linus', status, 'bellhop_mute');
    const notice = await slack.waitForAnswer(thread, /Muted by linus/);
    await isContext(await stage.say('ada', thread, 'and by region'));
    await slack.invite(thread.channel, 'gia');
    await slack.click('gia', notice, 'bellhop_unmute');
    await slack.dismiss(thread.channel, 'gia');
    await isContext(await stage.say('ada', thread, 'and by month'));
    await slack.click('grace', notice, 'bellhop_unmute');
    await slack.waitForAnswer(thread, (one) => one.ts === notice.ts && /grace has unmuted me/.test(one.text));
    await isHeard(await stage.say('ada', thread, 'and by week'));
  });

  test('needs a thread that the agent has joined', async () => {
    await stage.slack.post('ada', 'platform-eng', '@bellhop mute');
    await stage.slack.waitForWhisper('ada', /in no thread here that could be muted/);
  });
});

describe('an edit', () => {
  test('is read as a note with before and after, and starts nothing', async () => {
    const { slack } = stage;
    const thread = await stage.begin('@bellhop chart <last week> please');
    const aside = await stage.say('linus', thread, '@edsger lunch at noon?');
    await isContext(aside);
    await slack.edit('ada', thread, '@bellhop chart last month please');
    await slack.edit('linus', aside, '@edsger lunch at one?');
    await until(
      async () => (await stage.inbox()).filter((row) => row.kind === 'edit' && row.state === 'context').length === 2,
      'the edits',
    );
    expect(await stage.signals(stage.sessionOf(thread))).toHaveLength(1);
    const session = await readIn(thread);
    const notes = (await readTranscript(stage.db.database, session)).flatMap(({ content }) =>
      'kind' in content && content.kind === 'edit' ? [content] : [],
    );
    expect(notes).toMatchObject([
      { name: 'ada', edits: thread.ts, before: 'chart <last week> please', text: 'chart last month please' },
      { name: 'linus', edits: aside.ts, text: expect.stringMatching(/lunch at one/) },
    ]);
  });

  test('of what the agent has never read is not kept', async () => {
    const { slack } = stage;
    const elsewhere = await slack.post('grace', 'platform-eng', 'lunch?');
    await slack.edit('grace', elsewhere, 'lunch at noon?');
    const thread = await stage.begin();
    await slack.invite(thread.channel, 'gia');
    const guest = await slack.post('gia', thread.channel, '@bellhop and me?', { threadTs: thread.ts });
    await slack.waitForAnswer(thread, /Guests cannot/);
    await slack.edit('gia', guest, '@bellhop and me, please?');
    await until(
      async () => (await stage.inbox()).some((row) => row.edits === guest.ts && row.state === 'refused'),
      'it',
    );
    await slack.dismiss(thread.channel, 'gia');
    expect((await stage.inbox()).some((row) => row.edits === elsewhere.ts)).toBe(false);
  });
});
