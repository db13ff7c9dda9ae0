import { putMessage } from '../../../store/outbox.ts';
import { type GatewayStage, startGatewayStage, TEAM } from '../../support/gateway-stage.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;

beforeAll(async () => {
  stage = await startGatewayStage();
  await stage.start();
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

async function stateOf(message: SimMessage): Promise<unknown> {
  return (await stage.inbox()).find((row) => row.ts === message.ts)?.state;
}

async function untilState(message: SimMessage, state: string): Promise<void> {
  await until(async () => (await stateOf(message)) === state, `the row to be ${state}`);
}

test('one person goes on without a mention', async () => {
  const thread = await begin();
  const followUp = await say('ada', thread, 'and by region, please');
  await stage.slack.waitForReaction(followUp, 'eyes');
  const signals = await stage.signals(stage.sessionOf(thread));
  expect(signals.map((signal) => signal.name)).toEqual(['message', 'message']);
  expect(await stage.runs(stage.sessionOf(thread))).toBe(1);
});

test('everybody goes on without a mention', async () => {
  const thread = await begin();
  await stage.slack.waitForReaction(await say('grace', thread, 'I have seen this before'), 'eyes');
  await stage.slack.waitForReaction(await say('linus', thread, 'so have I'), 'eyes');
  expect(await stage.signals(stage.sessionOf(thread))).toHaveLength(3);
});

test('who is tagged answers that person, and what they say next is for the agent', async () => {
  const thread = await begin();
  await untilState(await say('grace', thread, '@linus is it deployed?'), 'context');
  await untilState(await say('linus', thread, 'since noon'), 'context');
  await stage.slack.waitForReaction(await say('linus', thread, 'chart the errors since then'), 'eyes');
});

test('who is tagged speaks to the agent when they name it, or when it has answered meanwhile', async () => {
  const { slack, db } = stage;
  const thread = await begin();
  await untilState(await say('grace', thread, '@linus is it deployed?'), 'context');
  await slack.waitForReaction(await say('linus', thread, 'Bellhop, look it up'), 'eyes');
  const asked = await say('grace', thread, '@ada and where?');
  await untilState(asked, 'context');
  const place = { team: TEAM, channel: thread.channel, threadTs: thread.ts, session: stage.sessionOf(thread) };
  const body = { kind: 'answer', text: 'In Berlin.' } as const;
  await putMessage(db.database, { ...place, key: `${place.session}/1/answer`, body, final: true });
  await slack.waitForAnswer(thread, /In Berlin/);
  await until(async () => {
    const sent = 'select 1 from outbox where key = $1 and sent_at is not null';
    return (await db.database.query(sent, [`${place.session}/1/answer`])).rowCount === 1;
  }, 'the answer to be noted');
  await slack.waitForReaction(await say('ada', thread, 'not in Paris?'), 'eyes');
});

test('a message that tags somebody else is context', async () => {
  const thread = await begin();
  await untilState(await say('ada', thread, '@linus can you check?'), 'context');
});

test('an untagged guest in a thread is context with their class, and hears nothing', async () => {
  const thread = await begin();
  await stage.slack.invite(thread.channel, 'gia');
  const aside = await say('gia', thread, 'me too');
  await untilState(aside, 'context');
  await stage.slack.dismiss(thread.channel, 'gia');
  const row = (await stage.inbox()).find((each) => each.ts === aside.ts);
  expect(row?.author_class).toBe('guest');
  expect(await stage.slack.answers(thread)).toHaveLength(0);
});

test('untagged talk in a thread without a session is not stored', async () => {
  const parent = await stage.slack.post('ada', 'platform-eng', 'lunch?');
  const reply = await say('grace', parent, 'yes');
  const marker = await begin();
  await untilState(marker, 'delivered');
  expect((await stage.inbox()).some((row) => row.ts === reply.ts || row.ts === parent.ts)).toBe(false);
});

test('a follow-up after the workflow has ended starts a new run of the same id', async () => {
  const thread = await begin();
  const session = stage.sessionOf(thread);
  await stage.temporal.client.workflow.getHandle(session).terminate('rested');
  const followUp = await say('ada', thread, 'one more thing');
  await stage.slack.waitForReaction(followUp, 'eyes');
  await until(async () => (await stage.runs(session)) === 2, 'the second run');
});

test('an edit starts nothing', async () => {
  const { slack } = stage;
  const message = await slack.post('ada', 'platform-eng', 'never mind');
  await slack.edit('ada', message, '@bellhop on second thought');
  const mention = await begin();
  await slack.edit('ada', mention, '@bellhop begin differently');
  const marker = await begin();
  await untilState(marker, 'delivered');
  expect((await stage.inbox()).some((row) => row.ts === message.ts)).toBe(false);
  expect(await stage.signals(stage.sessionOf(mention))).toHaveLength(1);
});

test('called into a thread, the agent gets what was said there, with classes and files, in order', async () => {
  const { slack } = stage;
  const alert = await slack.post('deploybot', 'platform-eng', 'deploy 42 failed');
  const csv = await slack.post('grace', 'platform-eng', 'numbers &amp; <@U0000000ADA>', {
    threadTs: alert.ts,
    files: [{ name: 'numbers.csv', content: 'a,b' }],
    raw: true,
  });
  await slack.invite('platform-eng', 'gia');
  await slack.post('gia', 'platform-eng', 'I would roll back', { threadTs: alert.ts });
  await slack.dismiss('platform-eng', 'gia');
  const mention = await slack.post('ada', 'platform-eng', '@bellhop what is this?', { threadTs: alert.ts });
  await slack.waitForReaction(mention, 'eyes');
  const rows = (await stage.inbox()).filter((row) => row.thread_ts === alert.ts);
  rows.sort((a, b) => Number(a.ts) - Number(b.ts));
  expect(rows.map((row) => [row.state, row.author_class, row.text])).toEqual([
    ['context', 'bot', 'deploy 42 failed'],
    ['context', 'member', 'numbers & @ada'],
    ['context', 'guest', 'I would roll back'],
    ['delivered', 'member', 'what is this?'],
  ]);
  expect(rows.find((row) => row.ts === csv.ts)?.files).toMatchObject([
    { name: 'numbers.csv', file: expect.any(String) },
  ]);
  // Grace has tagged Ada before the agent was called. Ada has spoken since.
  await slack.waitForReaction(await say('ada', alert, 'any idea?'), 'eyes');
  expect(await stage.signals(stage.sessionOf(alert))).toHaveLength(2);
});

test.each([
  ['a bot', 'deploybot', 'bot', /not for other bots/],
  ['a guest', 'gia', 'guest', /a member can ask me for you/],
])(
  'a mention of %s that was refused is read when a member calls the agent into its thread',
  async (_, who, as, told) => {
    const { slack } = stage;
    if (as === 'guest') await slack.invite('general', who);
    const alert = await slack.post(who, 'general', '@bellhop deploy 43 failed with E17');
    await slack.waitForAnswer(alert, told);
    if (as === 'guest') await slack.dismiss('general', who);
    await untilState(alert, 'refused');
    const mention = await slack.post('ada', 'general', '@bellhop what is this?', { threadTs: alert.ts });
    await slack.waitForReaction(mention, 'eyes');
    const row = (await stage.inbox()).find((each) => each.ts === alert.ts);
    expect(row).toMatchObject({ state: 'context', author_class: as });
    expect(row?.text).toContain('E17');
  },
);

test('a mention of a bot in a thread that the agent is in is refused, and read as context', async () => {
  const thread = await begin();
  const alert = await say('deploybot', thread, '@bellhop deploy 44 failed');
  await untilState(alert, 'context');
  expect(await stage.signals(stage.sessionOf(thread))).toHaveLength(1);
});

test.each([60, 200])(
  'called into a thread of %d replies, it gets the first message, the newest ones, and how many it does not get',
  async (count) => {
    const { slack } = stage;
    const root = await slack.post('grace', 'general', 'the deploy of 9:00 is stuck');
    for (let n = 1; n <= count; n += 1) await slack.post('grace', 'general', `reply ${n}`, { threadTs: root.ts });
    const mention = await slack.post('ada', 'general', '@bellhop sum this up', { threadTs: root.ts });
    await slack.waitForReaction(mention, 'eyes', 30_000);
    const rows = (await stage.inbox()).filter((row) => row.thread_ts === root.ts && row.state === 'context');
    rows.sort((a, b) => Number(a.ts) - Number(b.ts));
    const [first, ...rest] = rows.map((row) => String(row.text));
    expect(first).toBe(`the deploy of 9:00 is stuck\n\n[${count - 50} messages after this one left out here]`);
    expect(rest).toEqual(Array.from({ length: 50 }, (_, n) => `reply ${count - 49 + n}`));
  },
  60_000,
);

test('called into a thread whose first message is a call that was answered, it is told how many messages it does not get', async () => {
  const { slack } = stage;
  const root = await slack.post('ada', 'general', '@bellhop help');
  await untilState(root, 'answered');
  const csv = { name: 'numbers.csv', content: 'a,b' };
  for (let n = 1; n <= 60; n += 1)
    await slack.post('grace', 'general', `reply ${n}`, { threadTs: root.ts, ...(n === 30 ? { files: [csv] } : {}) });
  await untilState(await slack.post('ada', 'general', '@bellhop help', { threadTs: root.ts }), 'answered');
  const mention = await slack.post('ada', 'general', '@bellhop sum this up', { threadTs: root.ts });
  await slack.waitForReaction(mention, 'eyes', 30_000);
  const rows = (await stage.inbox()).filter((row) => row.thread_ts === root.ts && row.state === 'context');
  rows.sort((a, b) => Number(a.ts) - Number(b.ts));
  const texts = rows.map((row) => String(row.text));
  expect(texts).toEqual([
    '[11 messages before this one left out here]\n\nreply 12',
    ...Array.from({ length: 48 }, (_, n) => `reply ${n + 13}`),
  ]);
  expect(rows.find((row) => row.text === 'reply 30')?.files).toMatchObject([
    { name: 'numbers.csv', file: expect.any(String) },
  ]);
}, 60_000);

test('a bot that mentions the agent five times is told once a day in each channel, and is not answered again', async () => {
  const { slack } = stage;
  const notices = async (channel: string) =>
    (await slack.state()).messages.filter(({ channel: at, text }) => at === channel && /not for other bots/.test(text));
  await slack.invite('my-code', 'deploybot');
  const said: SimMessage[] = [];
  for (let n = 0; n < 5; n += 1) said.push(await slack.post('deploybot', 'my-code', `@bellhop deploy ${n} failed`));
  for (const each of said) await untilState(each, 'refused');
  const last = await begin();
  await untilState(last, 'delivered');
  expect(await notices('C0000MYCODE')).toHaveLength(1);
  for (const each of said) expect((await slack.thread(each))[0]?.reactions).toEqual([]);
});

test('a thread that cannot be read keeps nobody waiting', async () => {
  const { slack } = stage;
  const parent = await slack.post('grace', 'platform-eng', 'look at this');
  await slack.fault({ missingMethod: 'conversations.replies' });
  const mention = await slack.post('ada', 'platform-eng', '@bellhop can you?', { threadTs: parent.ts });
  await slack.waitForReaction(mention, 'eyes');
  await slack.clearFaults();
});

test('characters that PostgreSQL cannot hold do not lose a message', async () => {
  const mention = await stage.slack.post('ada', 'platform-eng', '<@U000BELLHOP> a\u0000b', { raw: true });
  await stage.slack.waitForReaction(mention, 'eyes');
});

describe('stop', () => {
  test('as a word after the mention reaches the running session with who said it', async () => {
    const thread = await begin();
    const stop = await say('grace', thread, '@bellhop stop');
    await stage.slack.waitForReaction(stop, 'octagonal_sign');
    const signals = await stage.signals(stage.sessionOf(thread));
    const row = (await stage.inbox()).find((each) => each.ts === stop.ts);
    expect(signals[1]).toEqual({ name: 'stop', payload: { inboxId: row?.id, by: 'U00000GRACE' } });
  });

  test('by the button of the working message does the same, once for each click', async () => {
    const thread = await begin();
    const session = stage.sessionOf(thread);
    const place = { team: TEAM, channel: thread.channel, threadTs: thread.ts, session };
    const body = { kind: 'working', step: 1, what: 'thinking', since: new Date().toISOString() } as const;
    await putMessage(stage.db.database, { ...place, key: `${session}/1/answer`, body, final: false });
    const working = await stage.slack.waitForAnswer(thread, /Working/);
    await stage.slack.click('linus', working, 'bellhop_stop');
    await until(async () => (await stage.signals(session)).length === 2, 'the stop signal');
    expect((await stage.signals(session))[1]).toMatchObject({ name: 'stop', payload: { by: 'U00000LINUS' } });
  });

  test('is not for guests', async () => {
    const thread = await begin();
    await stage.slack.invite(thread.channel, 'gia');
    await say('gia', thread, '@bellhop stop');
    await stage.slack.waitForAnswer(thread, /Guests cannot/);
    await stage.slack.dismiss(thread.channel, 'gia');
    expect(await stage.signals(stage.sessionOf(thread))).toHaveLength(1);
  });

  test('is not for guests, who read why at their second press as well', async () => {
    const { slack, db } = stage;
    const thread = await begin();
    const session = stage.sessionOf(thread);
    const place = { team: TEAM, channel: thread.channel, threadTs: thread.ts, session };
    const body = { kind: 'working', step: 1, what: 'thinking', since: new Date().toISOString() } as const;
    await putMessage(db.database, { ...place, key: `${session}/1/working`, body, final: false });
    const working = await slack.waitForAnswer(thread, /Working/);
    await slack.invite(thread.channel, 'gia');
    await slack.click('gia', working, 'bellhop_stop');
    await slack.waitForAnswer(thread, /Guests cannot/);
    await slack.click('gia', working, 'bellhop_stop');
    const alone = async () =>
      (await slack.state()).ephemerals.some((each) => each.threadTs === thread.ts && /Guests cannot/.test(each.text));
    await until(alone, 'the words for the guest alone');
    await slack.dismiss(thread.channel, 'gia');
    expect(await stage.signals(session)).toHaveLength(1);
  });

  test('is not for a guest whose joining was told to nobody', async () => {
    const { slack } = stage;
    const thread = await begin();
    await slack.fault({ loseEvents: 1_000 });
    await slack.invite(thread.channel, 'gia');
    await slack.clearFaults();
    await say('gia', thread, '@bellhop stop');
    await slack.waitForAnswer(thread, /Guests cannot/);
    await slack.dismiss(thread.channel, 'gia');
    expect(await stage.signals(stage.sessionOf(thread))).toHaveLength(1);
  });

  test('says so to the person alone where nothing runs', async () => {
    const mention = await stage.slack.post('edsger', 'platform-eng', '@bellhop stop');
    await stage.slack.waitForWhisper('edsger', /Nothing is running/);
    expect(await stage.slack.answers(mention)).toEqual([]);
    expect(await stage.runs(stage.sessionOf(mention))).toBe(0);
  });
});
