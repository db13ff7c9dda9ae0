import type { SessionId } from '../../../contracts/ids.ts';
import type { AskedQuestion, Choice } from '../../../contracts/questions.ts';
import { askQuestion } from '../../../store/questions.ts';
import { insertTurn } from '../../../store/turns.ts';
import { type GatewayStage, startGatewayStage } from '../../support/gateway-stage.ts';
import { everyText, type SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

const ADA = 'U0000000ADA';
const CHOICES: readonly Choice[] = [
  { id: 'once', label: 'Allow once', style: 'primary' },
  { id: 'never', label: 'Never' },
];

let stage: GatewayStage;
let isAway = false;

beforeAll(async () => {
  stage = await startGatewayStage();
  await stage.start({
    gate: () => {
      if (isAway) throw new Error('Temporal is away');
    },
  });
}, 60_000);
afterEach(() => {
  isAway = false;
});
afterAll(() => stage?.[Symbol.asyncDispose]());

/** A thread whose turn runs, as far as PostgreSQL knows. */
async function working(): Promise<{ message: SimMessage; session: SessionId }> {
  const message = await stage.slack.post('ada', 'platform-eng', '@bellhop go on');
  await stage.slack.waitForReaction(message, 'eyes');
  const session = stage.sessionOf(message);
  await insertTurn(stage.db.database, { session, fence: { run: 1, count: 1 }, after: 0, stoppedUpTo: null });
  return { message, session };
}

async function asked(session: SessionId, more: Partial<AskedQuestion> = {}, withinMs = 60_000) {
  const question: AskedQuestion = {
    name: 'use',
    text: 'May I use your GitHub?',
    about: 'GitHub in this thread',
    answerer: { person: ADA },
    choices: CHOICES,
    shown: 'thread',
    ...more,
  };
  const key = `${session}/1/2/question/use`;
  return askQuestion(stage.db.database, { session, turn: 1, key, question, withinMs });
}

async function stateOf(id: string) {
  const { rows } = await stage.db.database.query(
    'select state, choice, chosen_by as by, given, told_at is not null as told from question where id = $1',
    [id],
  );
  return rows[0];
}

async function whispered(to: string, matches: RegExp): Promise<SimMessage> {
  let found: SimMessage | undefined;
  await until(async () => {
    const { ephemerals } = await stage.slack.state();
    found = ephemerals.find(
      (one) => one.visibleTo === stage.slack.simulator.world.person(to)?.id && matches.test(everyText(one as never)),
    ) as never;
    return found !== undefined;
  }, `${to} is told ${matches}`);
  return found as unknown as SimMessage;
}

test('the right person answers by a press, the session is told, and one line says who chose what', async () => {
  const { slack } = stage;
  const { message, session } = await working();
  const { id } = await asked(session);
  const card = await slack.waitForAnswer(message, /May I use your GitHub/);

  await slack.click('grace', card, 'bellhop_answer/once');
  await whispered('grace', /Only ada.* can answer this\. Your press has changed nothing/i);
  expect(await stateOf(id)).toMatchObject({ state: 'open' });

  await slack.click('ada', card, 'bellhop_answer/once');
  await until(async () => (await stateOf(id))?.told === true, 'the session is told');
  expect(await stateOf(id)).toMatchObject({ state: 'answered', choice: 'once', by: ADA });
  const line = await slack.waitForAnswer(message, /GitHub in this thread: ada.* chose “Allow once”/i);
  expect(line.ts).toBe(card.ts);
  expect(JSON.stringify(line.blocks)).not.toContain('bellhop_answer');
  const { events } = await stage.temporal.client.workflow.getHandle(session).fetchHistory();
  const names = (events ?? []).map((each) => each.workflowExecutionSignaledEventAttributes?.signalName);
  expect(names.filter((name) => name === 'answered')).toHaveLength(1);
});

test("a guest's press changes nothing: the buttons stay, and a member's press counts", async () => {
  const { slack } = stage;
  const { message, session } = await working();
  const { id } = await asked(session, { answerer: 'members' });
  const card = await slack.waitForAnswer(message, /May I use your GitHub/);
  await slack.invite(message.channel, 'gia');
  await slack.click('gia', card, 'bellhop_answer/once');
  await whispered('gia', /Your press has changed nothing/);
  await slack.dismiss(message.channel, 'gia');
  expect(await stateOf(id)).toMatchObject({ state: 'open' });
  const [same] = (await slack.answers(message)).filter(({ ts }) => ts === card.ts);
  expect(same?.blocks).toEqual(card.blocks);
  await slack.click('grace', card, 'bellhop_answer/once');
  await until(async () => (await stateOf(id))?.state === 'answered', 'the answer');
});

test('a card that is clicked twice, by two people at once, is answered once', async () => {
  const { slack } = stage;
  const { message, session } = await working();
  const { id } = await asked(session, { answerer: 'members' });
  const card = await slack.waitForAnswer(message, /May I use your GitHub/);
  const presses = [
    ['ada', 'once'],
    ['grace', 'never'],
    ['ada', 'once'],
  ] as const;
  await Promise.all(presses.map(([who, choice]) => slack.click(who, card, `bellhop_answer/${choice}`)));
  await until(async () => (await stateOf(id))?.told === true, 'the session is told');
  const { choice } = (await stateOf(id)) ?? {};
  const { events } = await stage.temporal.client.workflow.getHandle(session).fetchHistory();
  const names = (events ?? []).map((each) => each.workflowExecutionSignaledEventAttributes?.signalName);
  expect(names.filter((name) => name === 'answered')).toHaveLength(1);
  const lines = async () => (await slack.answers(message)).map(everyText).filter((each) => each.includes('chose'));
  await until(async () => (await lines()).length > 0, 'the line that says what was chosen');
  expect(await lines()).toEqual([expect.stringContaining(choice === 'once' ? 'Allow once' : 'Never')]);
});

test('while Temporal is away the press is kept, and the session is told afterwards', async () => {
  const { slack } = stage;
  const { message, session } = await working();
  const { id } = await asked(session);
  const card = await slack.waitForAnswer(message, /May I use/);
  isAway = true;
  await slack.click('ada', card, 'bellhop_answer/never');
  await until(async () => (await stateOf(id))?.state === 'answered', 'the press is stored');
  expect(await stateOf(id)).toMatchObject({ choice: 'never', told: false });
  isAway = false;
  await until(async () => (await stateOf(id))?.told === true, 'the session is told');
});

test('a card that one person alone sees is replaced for them; a press after the turn changes nothing', async () => {
  const { slack } = stage;
  const { session } = await working();
  const { id } = await asked(session, { shown: 'alone' });
  const card = await whispered('ada', /May I use your GitHub/);
  await slack.click('ada', card, 'bellhop_answer/once');
  await whispered('ada', /you chose “Allow once”/);
  expect(await stateOf(id)).toMatchObject({ state: 'answered', choice: 'once' });

  const second = await working();
  const late = await asked(second.session, { shown: 'alone', text: 'May I use your Linear?' });
  const lateCard = await whispered('ada', /your Linear/);
  await stage.db.database.query("update turn set state = 'stopped', ended_at = now() where session = $1", [
    second.session,
  ]);
  await slack.click('ada', lateCard, 'bellhop_answer/once');
  await whispered('ada', /not asked any more, so nothing was done/);
  expect(await stateOf(late.id)).toMatchObject({ state: 'open', choice: null });
});

test('a choice with a form opens it for the right person, and what is entered comes with the answer', async () => {
  const { slack } = stage;
  const { message, session } = await working();
  const fields = [
    { name: 'count', label: 'How many?', kind: 'number' as const },
    { name: 'note', label: 'Note', optional: true },
  ];
  const choices = [{ id: 'fill', label: 'Answer', form: { title: 'Some details', fields } }, ...CHOICES];
  const { id } = await asked(session, { choices });
  const card = await slack.waitForAnswer(message, /May I use/);

  await slack.click('grace', card, 'bellhop_form/fill');
  await whispered('grace', /Only ada/i);
  await slack.click('ada', card, 'bellhop_form/fill');
  expect((await slack.waitForModal('ada')).title).toBe('Some details');
  expect((await slack.submit('ada', { count: 'many' })).errors).toEqual({ count: 'This is not a number.' });
  expect(await stateOf(id)).toMatchObject({ state: 'open' });
  expect(await slack.submit('ada', { count: '3' })).toMatchObject({ closed: true });
  await until(async () => (await stateOf(id))?.state === 'answered', 'the form is stored');
  expect(await stateOf(id)).toMatchObject({ choice: 'fill', given: { count: '3' } });
});

test("in a thread that works in a person's name the form is opened for its owner alone", async () => {
  const { slack, db } = stage;
  const { message, session } = await working();
  await db.database.query('update session set owner = $2 where id = $1', [session, ADA]);
  const form = { title: 'Some details', fields: [{ name: 'note', label: 'Note' }] };
  await asked(session, { answerer: 'members', choices: [{ id: 'fill', label: 'Answer', form }, ...CHOICES] });
  const card = await slack.waitForAnswer(message, /May I use/);
  await slack.click('grace', card, 'bellhop_form/fill');
  await whispered('grace', /only its owner in a thread that works in a person's name/);
  await slack.click('ada', card, 'bellhop_form/fill');
  expect((await slack.waitForModal('ada')).title).toBe('Some details');
});

test('a question whose time is over says so in its place', async () => {
  const { slack } = stage;
  const { message, session } = await working();
  const { id } = await asked(session);
  const card = await slack.waitForAnswer(message, /May I use/);
  await stage.db.database.query('update question set expires_at = now() where id = $1', [id]);
  const line = await slack.waitForAnswer(message, /Nobody answered in time/);
  expect(line.ts).toBe(card.ts);
  expect(await stateOf(id)).toMatchObject({ state: 'expired' });
});

test('a press that cannot be stored is told as such, and counts when it is made again', async () => {
  const { slack, db } = stage;
  const { message, session } = await working();
  const { id } = await asked(session);
  const card = await slack.waitForAnswer(message, /May I use/);
  await db.database.query('alter table question rename to question_away');
  try {
    await slack.click('ada', card, 'bellhop_answer/once');
    await whispered('ada', /could not be noted just now/);
  } finally {
    await db.database.query('alter table question_away rename to question');
  }
  await slack.click('ada', card, 'bellhop_answer/once');
  await until(async () => (await stateOf(id))?.state === 'answered', 'the press is stored');
});
