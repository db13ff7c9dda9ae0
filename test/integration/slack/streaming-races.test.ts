/** What comes late, is lost or is refused while Slack shows a message growing. */
import { randomUUID } from 'node:crypto';
import { endStreams, markBegun } from '../../../store/streams.ts';
import { until } from '../../support/until.ts';
import { type Growing, startGrowing, textOf } from './support/growing.ts';

let growing: Growing;

beforeEach(async () => {
  growing = await startGrowing();
}, 60_000);
afterEach(() => growing?.[Symbol.asyncDispose]());

test('a turn that is stopped takes the words out, and a late write of it begins nothing', async () => {
  const turn = await growing.begin();
  await turn.write('A long story begins ');
  await growing.shows(turn, 'A long story');
  await turn.end('', { ending: 'stopped' });
  await turn.write('A long story begins and goes on ');
  await turn.write('A long story begins and goes on ', 9);
  await growing.settled();
  const answers = await growing.stage.slack.answers(turn.thread);
  expect(answers.map(({ text }) => text)).toEqual([expect.stringContaining('Stopped by')]);
});

test('when Slack has ended it by itself, nothing is lost of the answer', async () => {
  await growing[Symbol.asyncDispose]();
  growing = await startGrowing({ streamLifeMs: 1_500 });
  const turn = await growing.begin();
  await turn.write('One and two ');
  await growing.shows(turn, 'One and');
  const [begun] = await growing.shown(turn);
  let words = 'One and two ';
  await until(async () => {
    words += 'and more ';
    await turn.write(words);
    return (await growing.stage.slack.calls('chat.appendStream')).some(
      ({ error }) => error === 'message_not_in_streaming_state',
    );
  }, 'Slack to end it');
  await turn.end('One and two and three and four and five.');
  const answers = await growing.finalAnswers(turn);
  expect(answers.map(({ ts }) => ts)).toEqual([begun?.ts]);
  expect(textOf(answers[0])).toContain('and four and five.');
}, 60_000);

test('a beginning whose outcome nobody knows is found, and is the one message of the turn', async () => {
  const turn = await growing.begin();
  await growing.stage.slack.fault({ acceptThenDrop: 'chat.startStream' });
  await turn.write('Found again by what it ');
  await growing.shows(turn, 'Found again');
  await turn.end('Found again by what it lacks.');
  const answers = await growing.finalAnswers(turn);
  expect(answers).toHaveLength(1);
  expect(textOf(answers[0])).toContain('by what it lacks.');
  expect(await growing.calls('chat.startStream')).toBe(1);
}, 60_000);

test('a beginning that Slack takes after the turn has ended is taken out', async () => {
  const turn = await growing.begin();
  await growing.stage.slack.fault({ delayMs: 'chat.startStream', ms: 1_500, times: 1 });
  await turn.write('Words that come late ');
  await until(async () => {
    const { rows } = await growing.stage.db.database.query("select 1 from outbox where stream = 'new' and unsure");
    return rows.length === 1;
  }, 'the beginning to be on its way');
  await turn.end('The answer.');
  await growing.settled();
  await until(async () => (await growing.calls('chat.startStream')) === 1, 'the late beginning');
  await growing.settled();
  const answers = await growing.stage.slack.answers(turn.thread);
  expect(answers.map(textOf)).toEqual([expect.stringContaining('The answer.')]);
}, 60_000);

test('two gateways show one message, and one that dies between begin and stop is replaced by the other', async () => {
  await growing.stage.start();
  const turn = await growing.begin();
  await turn.write('Side by side ');
  await growing.shows(turn, 'Side by');
  // As when a sender has died with the row.
  await growing.stage.db.database.query(
    "update outbox set claim = gen_random_uuid(), claimed_until = now() + interval '1 second' where stream is not null",
  );
  await turn.write('Side by side they go on ');
  await turn.end('Side by side they go on for long.');
  const answers = await growing.finalAnswers(turn);
  expect(answers).toHaveLength(1);
  expect(textOf(answers[0])).toContain('for long.');
});

test('a second beginning, of a sender that had been frozen, is taken out again', async () => {
  const { apiUrl, tokens } = growing.stage.slack;
  const { database } = growing.stage.db;
  const turn = await growing.begin();
  await turn.write('The one that ');
  await growing.shows(turn, 'The one that');
  const { rows } = await database.query<{ id: string; revision: number }>(
    'select id, revision from outbox where stream is not null',
  );
  const body = new URLSearchParams({ channel: growing.dm, thread_ts: turn.thread.ts, markdown_text: 'The one that' });
  const headers = { authorization: `Bearer ${tokens.bot}` };
  const answer = await fetch(new URL('chat.startStream', apiUrl), { method: 'POST', headers, body });
  const { ts } = (await answer.json()) as { ts: string };
  const late = { ...(rows[0] ?? { id: '0', revision: 0 }), claim: randomUUID() };
  await markBegun(database, late, { slackTs: ts, text: 'The one that', pauseMs: 1_000 });
  await until(async () => (await growing.shown(turn)).length === 1, 'the second one to go');
  await turn.end('The one that counts.');
  await growing.shows(turn, 'that counts');
  await growing.settled();
  expect(await growing.stage.slack.answers(turn.thread)).toHaveLength(1);
});

test('a late line of an earlier turn takes nothing from the words of this one', async () => {
  const first = await growing.begin();
  await first.end('The first answer.');
  await growing.shows(first, 'tool calls');
  const { database } = growing.stage.db;
  const turn = await growing.begin('and more', first.thread.ts, first.turn);
  await turn.write('The second one ');
  await growing.shows(turn, 'The second one');
  // What a line of step 5 of the first turn does that was held up after it had read that its turn runs.
  await endStreams(database, turn.session, { turn: first.turn, step: 5 });
  await turn.write('The second one goes ');
  await turn.end('The second one goes on.');
  await growing.shows(turn, 'goes on.');
  await growing.settled();
  expect(await growing.calls('chat.delete')).toBe(0);
});

test('a stop that Slack refuses while the message still grows is made again, and the answer comes', async () => {
  const turn = await growing.begin();
  await turn.write('Hard to stop ');
  await growing.shows(turn, 'Hard to');
  await growing.stage.slack.fault({ failWith: 'chat.stopStream', error: 'internal_error', times: 1 });
  await turn.end('Hard to stop, and stopped.');
  const answers = await growing.finalAnswers(turn);
  expect(answers.map(textOf)).toEqual([expect.stringContaining('and stopped.')]);
}, 30_000);
