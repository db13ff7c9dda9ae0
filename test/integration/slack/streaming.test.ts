/** What a model writes in a direct message is a message that Slack shows growing, and that becomes the answer. */
import { createBeginning } from '../../../activities/begin-turn.ts';
import { createShowProgress } from '../../../activities/progress.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../activities/settings.ts';
import { until } from '../../support/until.ts';
import { type Growing, startGrowing, textOf } from './support/growing.ts';

let growing: Growing;

beforeEach(async () => {
  growing = await startGrowing();
}, 60_000);
afterEach(() => growing?.[Symbol.asyncDispose]());

test('the words grow, and the same message becomes the answer: once, whole, with its mark and its small line', async () => {
  const turn = await growing.begin();
  await turn.write('Alpha is the first ');
  await growing.shows(turn, 'Alpha is the');
  const [begun] = await growing.shown(turn);
  await turn.write('Alpha is the first letter and beta is ');
  await growing.shows(turn, 'letter and beta');
  expect((await growing.shown(turn))[0]?.ts).toBe(begun?.ts);
  await turn.end('Alpha is the first letter and beta is **the second**.');
  const answers = await growing.finalAnswers(turn);
  expect(answers).toHaveLength(1);
  expect(answers[0]).toMatchObject({ ts: begun?.ts, edited: null, metadata: { event_type: 'bellhop_message' } });
  expect(textOf(answers[0])).toContain('beta is **the second**.');
  expect(answers[0]?.notified).toEqual([turn.thread.user]);
  expect(await growing.calls('chat.stopStream')).toBe(1);
});

test('the line that says that the agent works ends with the answer, also where that is no new post', async () => {
  const turn = await growing.begin();
  await turn.write('Some words ');
  await growing.shows(turn, 'Some words');
  const isSet = async () => (await growing.stage.slack.state()).statuses.some(({ channel }) => channel === growing.dm);
  await until(isSet, 'the line');
  await turn.end('Some words and more.');
  await growing.shows(turn, 'and more');
  await until(async () => !(await isSet()), 'the line to end', 4_000);
});

test('words before tool calls are taken out again, and the answer is a message of its own', async () => {
  const turn = await growing.begin();
  await turn.write('Let me look at that first ');
  await growing.shows(turn, 'Let me look');
  await turn.work(2);
  await until(async () => (await growing.shown(turn)).length === 0, 'the words to go');
  await turn.write('It is done as you ', 3);
  await growing.shows(turn, 'It is done');
  await turn.end('It is done as you wished.');
  await growing.settled();
  expect((await growing.stage.slack.answers(turn.thread)).map((message) => textOf(message))).toEqual([
    expect.stringContaining('It is done as you wished.'),
  ]);
});

test('when the person has stopped the growing, the answer comes all the same', async () => {
  const turn = await growing.begin();
  await turn.write('One and two ');
  await growing.shows(turn, 'One and');
  await growing.stage.slack.fault({ failWith: 'chat.appendStream', error: 'stopped_by_user' });
  await turn.write('One and two and three ');
  await until(async () => (await growing.stage.slack.calls('chat.appendStream')).length === 1, 'the refusal');
  await turn.write('One and two and three and four ');
  await turn.end('One and two and three and four and five.');
  const answers = await growing.finalAnswers(turn);
  expect(answers).toHaveLength(1);
  expect(textOf(answers[0])).toContain('and four and five.');
  expect(await growing.stage.slack.calls('chat.appendStream')).toHaveLength(1);
});

test('when the first message of the thread is deleted, what grew there goes too', async () => {
  const turn = await growing.begin();
  await turn.write('Nobody wants this ');
  await growing.shows(turn, 'Nobody wants');
  await growing.stage.slack.remove('ada', turn.thread);
  await until(async () => {
    const { rows } = await growing.stage.db.database.query('select 1 from session where root_deleted_at is not null');
    return rows.length === 1;
  }, 'the deletion to be noted');
  await turn.end('Nobody wants this any more.');
  await growing.settled();
  const left = growing.stage.slack.simulator.world
    .history(growing.dm)
    .filter(({ deleted, text }) => !deleted && text.includes('Nobody'));
  expect(left).toEqual([]);
});

test('the simulator refuses what Slack refuses', async () => {
  const { apiUrl, tokens } = growing.stage.slack;
  const headers = { authorization: `Bearer ${tokens.bot}` };
  const call = async (method: string, args: Record<string, string>): Promise<unknown> => {
    const answer = await fetch(new URL(method, apiUrl), { method: 'POST', headers, body: new URLSearchParams(args) });
    const { ok, error, ts } = (await answer.json()) as { ok: boolean; error?: string; ts?: string };
    return ok ? ts : error;
  };
  const inChannel = await growing.stage.slack.post('ada', 'general', 'a thread');
  const place = { channel: inChannel.channel, thread_ts: inChannel.ts, markdown_text: 'x' };
  expect(await call('chat.startStream', place)).toBe('missing_recipient_user_id');
  const reader = { ...place, recipient_user_id: inChannel.user };
  expect(await call('chat.startStream', reader)).toBe('missing_recipient_team_id');
  const direct = await growing.stage.slack.post('ada', growing.dm, 'a thread');
  const own = { channel: growing.dm, thread_ts: direct.ts };
  expect(await call('chat.startStream', { ...own, markdown_text: 'x'.repeat(12_001) })).toBe('msg_too_long');
  const ts = String(await call('chat.startStream', { ...own, markdown_text: 'x' }));
  expect(await call('chat.update', { channel: growing.dm, ts, text: 'y' })).toBe('streaming_state_conflict');
  expect(await call('chat.stopStream', { channel: growing.dm, ts })).toBe(ts);
  const piece = { channel: growing.dm, ts, markdown_text: 'y' };
  expect(await call('chat.appendStream', piece)).toBe('message_not_in_streaming_state');
  expect(await call('chat.update', { channel: growing.dm, ts, text: 'y' })).toBe(ts);
});

test('a workspace that does not offer it sees the words in the line that shows the work, and is not asked again', async () => {
  const turn = await growing.begin();
  await growing.stage.slack.fault({ missingMethod: 'chat.startStream' });
  await turn.write('Old and ');
  await until(async () => (await growing.stage.slack.calls('chat.startStream')).length === 1, 'the refusal');
  await until(async () => {
    const { rows } = await growing.stage.db.database.query('select code from slack_refusal');
    return rows[0]?.code === 'unknown_method';
  }, 'the refusal to be noted');
  await turn.write('Old and new ');
  const isLine = async () =>
    (await growing.stage.slack.answers(turn.thread)).some((each) => textOf(each).includes('Old and new'));
  await until(isLine, 'the live line to have them');
  await turn.end('Old and new ways.');
  await growing.settled();
  const answers = await growing.stage.slack.answers(turn.thread);
  expect(answers.map(textOf)).toEqual([expect.stringContaining('Old and new ways.')]);
  expect(await growing.stage.slack.calls('chat.startStream')).toHaveLength(1);
});

test('a long answer goes on in further messages, and one that begins anew is replaced', async () => {
  const turn = await growing.begin();
  await turn.write('First attempt at this ');
  await growing.shows(turn, 'First attempt');
  const long = 'A paragraph of some length.\n\n'.repeat(700);
  await turn.write(long);
  await turn.end(long);
  await until(async () => (await growing.shown(turn)).length === 2, 'both parts');
  await growing.settled();
  const answers = await growing.stage.slack.answers(turn.thread);
  expect(JSON.stringify(answers)).not.toContain('First attempt');
  expect(
    answers
      .map(textOf)
      .join('')
      .match(/A paragraph of some length/g),
  ).toHaveLength(700);
});

test('no mention comes about by two pieces, and none is sent', async () => {
  const turn = await growing.begin();
  for (const words of [
    'Now <',
    'Now <!chan',
    'Now <!channel> look ',
    'Now <!channel> look ![a](https://x.example/a.png) and ',
  ])
    await turn.write(words);
  await growing.shows(turn, 'look');
  await turn.end('Now <!channel> look ![a](https://x.example/a.png) and go.');
  await growing.shows(turn, 'tool calls');
  await growing.settled();
  const sent = [
    ...(await growing.stage.slack.calls('chat.startStream')),
    ...(await growing.stage.slack.calls('chat.appendStream')),
    ...(await growing.stage.slack.calls('chat.stopStream')),
  ];
  expect(sent.map(({ args }) => args.markdown_text ?? '').join('')).not.toMatch(/<!channel|!\[a\]/);
  expect((await growing.shown(turn)).flatMap(({ broadcastMentions }) => broadcastMentions)).toEqual([]);
});

test('a link is never streamed, because Slack may load a preview of it; it comes with the final form', async () => {
  const turn = await growing.begin();
  await turn.write('See the page ');
  await growing.shows(turn, 'See the');
  await turn.write('See the page [of the team](https://evil.example/p.png?d=SECRET) and go on ');
  await turn.end('See the page [of the team](https://evil.example/p.png?d=SECRET) and go on.');
  await growing.shows(turn, 'tool calls');
  await growing.settled();
  const all = await Promise.all(
    ['startStream', 'appendStream', 'stopStream'].map((name) => growing.stage.slack.calls(`chat.${name}`)),
  );
  expect(JSON.stringify(all)).not.toContain('evil.example');
  expect(textOf((await growing.shown(turn))[0])).toContain('evil.example');
});

test('in a channel the line that shows the work has the words', async () => {
  const { database } = growing.stage.db;
  const thread = await growing.stage.slack.post('ada', 'general', '@bellhop tell me');
  await growing.stage.slack.waitForReaction(thread, 'eyes');
  const session = growing.stage.sessionOf(thread);
  const beginning = createBeginning({ database, settings: DEFAULT_SESSION_SETTINGS });
  const begun = await beginning.beginTurn({ session, fence: { run: 1, count: 1 }, after: 0, stoppedUpTo: null });
  await createShowProgress(database)({
    session,
    turn: begun?.turn ?? 0,
    step: 1,
    what: 'writing',
    text: 'For all of you ',
    first: true,
  });
  await growing.stage.slack.waitForAnswer(thread, ({ blocks }) => JSON.stringify(blocks).includes('For all of you'));
  expect(await growing.stage.slack.calls('chat.startStream')).toEqual([]);
});
