/** What a model writes in a direct message is a message that Slack shows growing, and that becomes the answer. */
import { randomUUID } from 'node:crypto';
import { createBeginning } from '../../../activities/begin-turn.ts';
import { createEnding } from '../../../activities/end-turn.ts';
import { createShowProgress } from '../../../activities/progress.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../activities/settings.ts';
import type { EndTurnInput, TurnInput } from '../../../contracts/activities.ts';
import { claimUnread } from '../../../store/claim-messages.ts';
import { inTransaction } from '../../../store/database.ts';
import { endStreams, markBegun } from '../../../store/streams.ts';
import { appendTranscript } from '../../../store/transcript.ts';
import { type GatewayStage, startGatewayStage } from '../../support/gateway-stage.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;
let dm: string;

beforeEach(async () => {
  stage = await startGatewayStage();
  await stage.start();
  dm = await stage.slack.openDm('ada');
}, 60_000);
afterEach(() => stage?.[Symbol.asyncDispose]());

const NO_USE = { inputTokens: 1, outputTokens: 1, cachedTokens: 0 };

interface Turn extends TurnInput {
  readonly thread: SimMessage;
  /** The model has written this much. */
  write(text: string, step?: number): Promise<void>;
  /** A later step: tools run. */
  work(step: number): Promise<void>;
  end(text: string, how?: Partial<EndTurnInput>): Promise<void>;
}

async function begin(text = 'tell me about it', threadTs?: string, after = 0): Promise<Turn> {
  const { database } = stage.db;
  const thread = await stage.slack.post('ada', dm, text, threadTs === undefined ? {} : { threadTs });
  await stage.slack.waitForReaction(thread, 'eyes');
  const session = stage.sessionOf(thread.threadTs === null ? thread : { channel: dm, ts: thread.threadTs });
  const beginning = createBeginning({ database, settings: DEFAULT_SESSION_SETTINGS });
  const fence = { run: 1, count: after + 1 };
  const begun = await beginning.beginTurn({ session, fence, after, stoppedUpTo: null });
  if (!begun) throw new Error('no turn has begun');
  const turn = { session, turn: begun.turn };
  // As the first model call does.
  await inTransaction(database, (db) => claimUnread(db, session, begun.turn, () => 1));
  const show = createShowProgress(database);
  const { endTurn } = createEnding({ database });
  return {
    ...turn,
    thread: { ...thread, ts: threadTs ?? thread.ts },
    write: (words, step = 1) => show({ ...turn, step, what: 'writing', text: words, first: true }),
    work: (step) => show({ ...turn, step, what: 'running a command' }),
    async end(words, how = {}) {
      const content = {
        blocks: [{ type: 'text', text: words }],
        stopReason: 'end',
        usage: NO_USE,
        model: 'a model',
      } as const;
      await appendTranscript(database, session, [{ role: 'assistant', turn: turn.turn, step: 99, content, tokens: 1 }]);
      await endTurn({ ...turn, ending: 'answered', ...how });
    },
  };
}

/** What the agent shows in the thread, without the line that shows its work. */
async function shown({ thread }: Turn): Promise<readonly SimMessage[]> {
  const all = await stage.slack.answers(thread);
  return all.filter(({ deleted, text }) => !deleted && !text.startsWith('Working'));
}

const textOf = (message: SimMessage | undefined): string => JSON.stringify(message?.blocks);
const shows = (turn: Turn, words: string) =>
  until(async () => (await shown(turn)).some((message) => textOf(message).includes(words)), words);

/** Nothing of the turn's messages waits for Slack any more. */
const settled = () =>
  until(async () => {
    const { rows } = await stage.db.database.query(
      "select 1 from outbox where kind = 'message' and sent_revision < revision and failed is null",
    );
    return rows.length === 0;
  }, 'Slack to show what the outbox wants');

const calls = async (method: string): Promise<number> =>
  (await stage.slack.calls(method)).filter(({ ok }) => ok).length;

test('the words grow, and the same message becomes the answer: once, whole, with its mark and its small line', async () => {
  const turn = await begin();
  await turn.write('Alpha is the first ');
  await shows(turn, 'Alpha is the');
  const [growing] = await shown(turn);
  await turn.write('Alpha is the first letter and beta is ');
  await shows(turn, 'letter and beta');
  expect((await shown(turn))[0]?.ts).toBe(growing?.ts);
  await turn.end('Alpha is the first letter and beta is **the second**.');
  await shows(turn, 'tool calls');
  await settled();
  const answers = await stage.slack.answers(turn.thread);
  expect(answers).toHaveLength(1);
  expect(answers[0]).toMatchObject({ ts: growing?.ts, edited: null, metadata: { event_type: 'bellhop_message' } });
  expect(textOf(answers[0])).toContain('beta is **the second**.');
  expect(answers[0]?.notified).toEqual([turn.thread.user]);
  expect(await calls('chat.stopStream')).toBe(1);
});

test('the line that says that the agent works ends with the answer, also where that is no new post', async () => {
  const turn = await begin();
  await turn.write('Some words ');
  await shows(turn, 'Some words');
  const isSet = async () => (await stage.slack.state()).statuses.some(({ channel }) => channel === dm);
  await until(isSet, 'the line');
  await turn.end('Some words and more.');
  await shows(turn, 'and more');
  await until(async () => !(await isSet()), 'the line to end', 4_000);
});

test('words before tool calls are taken out again, and the answer is a message of its own', async () => {
  const turn = await begin();
  await turn.write('Let me look at that first ');
  await shows(turn, 'Let me look');
  await turn.work(2);
  await until(async () => (await shown(turn)).length === 0, 'the words to go');
  await turn.write('It is done as you ', 3);
  await shows(turn, 'It is done');
  await turn.end('It is done as you wished.');
  await settled();
  expect((await stage.slack.answers(turn.thread)).map((message) => textOf(message))).toEqual([
    expect.stringContaining('It is done as you wished.'),
  ]);
});

test('a turn that is stopped takes the words out, and a late write of it begins nothing', async () => {
  const turn = await begin();
  await turn.write('A long story begins ');
  await shows(turn, 'A long story');
  await turn.end('', { ending: 'stopped' });
  await turn.write('A long story begins and goes on ');
  await turn.write('A long story begins and goes on ', 9);
  await settled();
  const answers = await stage.slack.answers(turn.thread);
  expect(answers.map(({ text }) => text)).toEqual([expect.stringContaining('Stopped by')]);
});

test('when Slack has ended it by itself, nothing is lost of the answer', async () => {
  await stage[Symbol.asyncDispose]();
  stage = await startGatewayStage({ streamLifeMs: 1_500 });
  await stage.start();
  dm = await stage.slack.openDm('ada');
  const turn = await begin();
  await turn.write('One and two ');
  await shows(turn, 'One and');
  const [growing] = await shown(turn);
  let words = 'One and two ';
  await until(async () => {
    words += 'and more ';
    await turn.write(words);
    return (await stage.slack.calls('chat.appendStream')).some(
      ({ error }) => error === 'message_not_in_streaming_state',
    );
  }, 'Slack to end it');
  await turn.end('One and two and three and four and five.');
  await shows(turn, 'tool calls');
  await settled();
  const answers = await stage.slack.answers(turn.thread);
  expect(answers.map(({ ts }) => ts)).toEqual([growing?.ts]);
  expect(textOf(answers[0])).toContain('and four and five.');
}, 60_000);

test('when the person has stopped the growing, the answer comes all the same', async () => {
  const turn = await begin();
  await turn.write('One and two ');
  await shows(turn, 'One and');
  await stage.slack.fault({ failWith: 'chat.appendStream', error: 'stopped_by_user' });
  await turn.write('One and two and three ');
  await until(async () => (await stage.slack.calls('chat.appendStream')).length === 1, 'the refusal');
  await turn.write('One and two and three and four ');
  await turn.end('One and two and three and four and five.');
  await shows(turn, 'tool calls');
  await settled();
  const answers = await stage.slack.answers(turn.thread);
  expect(answers).toHaveLength(1);
  expect(textOf(answers[0])).toContain('and four and five.');
  expect(await stage.slack.calls('chat.appendStream')).toHaveLength(1);
});

test('when the first message of the thread is deleted, what grew there goes too', async () => {
  const turn = await begin();
  await turn.write('Nobody wants this ');
  await shows(turn, 'Nobody wants');
  await stage.slack.remove('ada', turn.thread);
  await until(async () => {
    const { rows } = await stage.db.database.query('select 1 from session where root_deleted_at is not null');
    return rows.length === 1;
  }, 'the deletion to be noted');
  await turn.end('Nobody wants this any more.');
  await settled();
  const left = stage.slack.simulator.world
    .history(dm)
    .filter(({ deleted, text }) => !deleted && text.includes('Nobody'));
  expect(left).toEqual([]);
});

test('the simulator refuses what Slack refuses', async () => {
  const { apiUrl, tokens } = stage.slack;
  const headers = { authorization: `Bearer ${tokens.bot}` };
  const call = async (method: string, args: Record<string, string>): Promise<unknown> => {
    const answer = await fetch(new URL(method, apiUrl), { method: 'POST', headers, body: new URLSearchParams(args) });
    const { ok, error, ts } = (await answer.json()) as { ok: boolean; error?: string; ts?: string };
    return ok ? ts : error;
  };
  const inChannel = await stage.slack.post('ada', 'general', 'a thread');
  const place = { channel: inChannel.channel, thread_ts: inChannel.ts, markdown_text: 'x' };
  expect(await call('chat.startStream', place)).toBe('missing_recipient_user_id');
  const reader = { ...place, recipient_user_id: inChannel.user };
  expect(await call('chat.startStream', reader)).toBe('missing_recipient_team_id');
  const direct = await stage.slack.post('ada', dm, 'a thread');
  const own = { channel: dm, thread_ts: direct.ts };
  expect(await call('chat.startStream', { ...own, markdown_text: 'x'.repeat(12_001) })).toBe('msg_too_long');
  const ts = String(await call('chat.startStream', { ...own, markdown_text: 'x' }));
  expect(await call('chat.update', { channel: dm, ts, text: 'y' })).toBe('streaming_state_conflict');
  expect(await call('chat.stopStream', { channel: dm, ts })).toBe(ts);
  const piece = { channel: dm, ts, markdown_text: 'y' };
  expect(await call('chat.appendStream', piece)).toBe('message_not_in_streaming_state');
  expect(await call('chat.update', { channel: dm, ts, text: 'y' })).toBe(ts);
});

test('a beginning whose outcome nobody knows is found, and is the one message of the turn', async () => {
  const turn = await begin();
  await stage.slack.fault({ acceptThenDrop: 'chat.startStream' });
  await turn.write('Found again by what it ');
  await shows(turn, 'Found again');
  await turn.end('Found again by what it lacks.');
  await shows(turn, 'tool calls');
  await settled();
  const answers = await stage.slack.answers(turn.thread);
  expect(answers).toHaveLength(1);
  expect(textOf(answers[0])).toContain('by what it lacks.');
  expect(await calls('chat.startStream')).toBe(1);
}, 60_000);

test('a beginning that Slack takes after the turn has ended is taken out', async () => {
  const turn = await begin();
  await stage.slack.fault({ delayMs: 'chat.startStream', ms: 1_500, times: 1 });
  await turn.write('Words that come late ');
  await until(async () => {
    const { rows } = await stage.db.database.query("select 1 from outbox where stream = 'new' and unsure");
    return rows.length === 1;
  }, 'the beginning to be on its way');
  await turn.end('The answer.');
  await settled();
  await until(async () => (await calls('chat.startStream')) === 1, 'the late beginning');
  await settled();
  const answers = await stage.slack.answers(turn.thread);
  expect(answers.map(textOf)).toEqual([expect.stringContaining('The answer.')]);
}, 60_000);

test('a workspace that does not offer it sees the words in the line that shows the work, and is not asked again', async () => {
  const turn = await begin();
  await stage.slack.fault({ missingMethod: 'chat.startStream' });
  await turn.write('Old and ');
  await until(async () => (await stage.slack.calls('chat.startStream')).length === 1, 'the refusal');
  await until(async () => {
    const { rows } = await stage.db.database.query('select code from slack_refusal');
    return rows[0]?.code === 'unknown_method';
  }, 'the refusal to be noted');
  await turn.write('Old and new ');
  const isLine = async () =>
    (await stage.slack.answers(turn.thread)).some((each) => textOf(each).includes('Old and new'));
  await until(isLine, 'the live line to have them');
  await turn.end('Old and new ways.');
  await settled();
  const answers = await stage.slack.answers(turn.thread);
  expect(answers.map(textOf)).toEqual([expect.stringContaining('Old and new ways.')]);
  expect(await stage.slack.calls('chat.startStream')).toHaveLength(1);
});

test('a long answer goes on in further messages, and one that begins anew is replaced', async () => {
  const turn = await begin();
  await turn.write('First attempt at this ');
  await shows(turn, 'First attempt');
  const long = 'A paragraph of some length.\n\n'.repeat(700);
  await turn.write(long);
  await turn.end(long);
  await until(async () => (await shown(turn)).length === 2, 'both parts');
  await settled();
  const answers = await stage.slack.answers(turn.thread);
  expect(JSON.stringify(answers)).not.toContain('First attempt');
  expect(
    answers
      .map(textOf)
      .join('')
      .match(/A paragraph of some length/g),
  ).toHaveLength(700);
});

test('no mention comes about by two pieces, and none is sent', async () => {
  const turn = await begin();
  for (const words of [
    'Now <',
    'Now <!chan',
    'Now <!channel> look ',
    'Now <!channel> look ![a](https://x.example/a.png) and ',
  ])
    await turn.write(words);
  await shows(turn, 'look');
  await turn.end('Now <!channel> look ![a](https://x.example/a.png) and go.');
  await shows(turn, 'tool calls');
  await settled();
  const sent = [
    ...(await stage.slack.calls('chat.startStream')),
    ...(await stage.slack.calls('chat.appendStream')),
    ...(await stage.slack.calls('chat.stopStream')),
  ];
  expect(sent.map(({ args }) => args.markdown_text ?? '').join('')).not.toMatch(/<!channel|!\[a\]/);
  expect((await shown(turn)).flatMap(({ broadcastMentions }) => broadcastMentions)).toEqual([]);
});

test('two gateways show one message, and one that dies between begin and stop is replaced by the other', async () => {
  await stage.start();
  const turn = await begin();
  await turn.write('Side by side ');
  await shows(turn, 'Side by');
  // As when a sender has died with the row.
  await stage.db.database.query(
    "update outbox set claim = gen_random_uuid(), claimed_until = now() + interval '1 second' where stream is not null",
  );
  await turn.write('Side by side they go on ');
  await turn.end('Side by side they go on for long.');
  await shows(turn, 'tool calls');
  await settled();
  const answers = await stage.slack.answers(turn.thread);
  expect(answers).toHaveLength(1);
  expect(textOf(answers[0])).toContain('for long.');
});

test('a second beginning, of a sender that had been frozen, is taken out again', async () => {
  const { apiUrl, tokens } = stage.slack;
  const { database } = stage.db;
  const turn = await begin();
  await turn.write('The one that ');
  await shows(turn, 'The one that');
  const { rows } = await database.query<{ id: string; revision: number }>(
    'select id, revision from outbox where stream is not null',
  );
  const body = new URLSearchParams({ channel: dm, thread_ts: turn.thread.ts, markdown_text: 'The one that' });
  const headers = { authorization: `Bearer ${tokens.bot}` };
  const answer = await fetch(new URL('chat.startStream', apiUrl), { method: 'POST', headers, body });
  const { ts } = (await answer.json()) as { ts: string };
  const late = { ...(rows[0] ?? { id: '0', revision: 0 }), claim: randomUUID() };
  await markBegun(database, late, { slackTs: ts, text: 'The one that', pauseMs: 1_000 });
  await until(async () => (await shown(turn)).length === 1, 'the second one to go');
  await turn.end('The one that counts.');
  await shows(turn, 'that counts');
  await settled();
  expect(await stage.slack.answers(turn.thread)).toHaveLength(1);
});

test('a link is never streamed, because Slack may load a preview of it; it comes with the final form', async () => {
  const turn = await begin();
  await turn.write('See the page ');
  await shows(turn, 'See the');
  await turn.write('See the page [of the team](https://evil.example/p.png?d=SECRET) and go on ');
  await turn.end('See the page [of the team](https://evil.example/p.png?d=SECRET) and go on.');
  await shows(turn, 'tool calls');
  await settled();
  const all = await Promise.all(
    ['startStream', 'appendStream', 'stopStream'].map((name) => stage.slack.calls(`chat.${name}`)),
  );
  expect(JSON.stringify(all)).not.toContain('evil.example');
  expect(textOf((await shown(turn))[0])).toContain('evil.example');
});

test('a late line of an earlier turn takes nothing from the words of this one', async () => {
  const first = await begin();
  await first.end('The first answer.');
  await shows(first, 'tool calls');
  const { database } = stage.db;
  const turn = await begin('and more', first.thread.ts, first.turn);
  await turn.write('The second one ');
  await shows(turn, 'The second one');
  // What a line of step 5 of the first turn does that was held up after it had read that its turn runs.
  await endStreams(database, turn.session, { turn: first.turn, step: 5 });
  await turn.write('The second one goes ');
  await turn.end('The second one goes on.');
  await shows(turn, 'goes on.');
  await settled();
  expect(await calls('chat.delete')).toBe(0);
});

test('a stop that Slack refuses while the message still grows is made again, and the answer comes', async () => {
  const turn = await begin();
  await turn.write('Hard to stop ');
  await shows(turn, 'Hard to');
  await stage.slack.fault({ failWith: 'chat.stopStream', error: 'internal_error', times: 1 });
  await turn.end('Hard to stop, and stopped.');
  await shows(turn, 'tool calls');
  await settled();
  const answers = await stage.slack.answers(turn.thread);
  expect(answers.map(textOf)).toEqual([expect.stringContaining('and stopped.')]);
}, 30_000);

test('in a channel the line that shows the work has the words', async () => {
  const { database } = stage.db;
  const thread = await stage.slack.post('ada', 'general', '@bellhop tell me');
  await stage.slack.waitForReaction(thread, 'eyes');
  const session = stage.sessionOf(thread);
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
  await stage.slack.waitForAnswer(thread, ({ blocks }) => JSON.stringify(blocks).includes('For all of you'));
  expect(await stage.slack.calls('chat.startStream')).toEqual([]);
});
