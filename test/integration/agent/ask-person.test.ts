import { z } from 'zod';
import { createEnding } from '../../../activities/end-turn.ts';
import { askMeanwhile } from '../../../agent/ask-person.ts';
import { runToolStep } from '../../../agent/tool-step.ts';
import { defineTool } from '../../../agent/tools/define-tool.ts';
import { createToolRegistry } from '../../../agent/tools/registry.ts';
import { said, type ToolContext } from '../../../agent/tools/tool.ts';
import type { Answerer, Question } from '../../../contracts/questions.ts';
import { expireQuestions, pressQuestion, type StoredQuestion, untoldQuestions } from '../../../store/questions.ts';
import type { StepRef } from '../../../store/steps.ts';
import { until } from '../../support/until.ts';
import { createToolStage, type ToolStage } from './support/tool-stage.ts';

let stage: ToolStage;

beforeAll(async () => {
  stage = await createToolStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

const question = (answerer: Answerer, more: Partial<Question> = {}): Question => ({
  name: 'approve',
  text: 'May I create the issue "Broken build"?',
  about: 'Creating an issue',
  answerer,
  choices: [
    { id: 'yes', label: 'Approve', style: 'primary' },
    { id: 'no', label: 'Deny' },
  ],
  shown: 'thread',
  ...more,
});

/** A tool that acts only after somebody has said yes. */
function asking(asked: Question, how: 'ask' | 'askMeanwhile' = 'ask') {
  const acted: string[] = [];
  const tool = defineTool({
    name: 'act',
    description: 'Acts.',
    schema: z.object({}),
    parallel: false,
    idempotent: false,
    beginsItself: true,
    async run(context: ToolContext, _args, signal) {
      const answer = how === 'ask' ? await context.ask(asked) : await context.askMeanwhile(asked, signal);
      if (answer.state !== 'answered' || answer.choice !== 'yes') return said(`Not done: ${answer.state}.`, true);
      await context.begin();
      acted.push(`${answer.by} ${JSON.stringify(answer.given)}`);
      return said('Done.');
    },
  });
  const deps = { ...stage.deps, tools: createToolRegistry([tool]) };
  const run = (ref: StepRef, signal = new AbortController().signal) =>
    runToolStep(deps, { ...ref, sandbox: stage.sandbox, sandboxId: 'sb1', signal });
  return { run, acted };
}

async function questionsOf({ session }: StepRef): Promise<StoredQuestion[]> {
  const { rows } = await stage.database.query(
    'select id, state, choice, chosen_by as by, asked from question where session = $1 order by asked_at',
    [session],
  );
  return rows as StoredQuestion[];
}

async function press(ref: StepRef, by: string, choice = 'yes', given: Record<string, string> = {}) {
  const [asked] = await questionsOf(ref);
  const isMember = by !== 'UGUEST';
  return pressQuestion(stage.database, {
    question: asked?.id ?? '',
    by,
    name: `Name of ${by}`,
    isMember,
    choice,
    given,
  });
}

async function cards({ session }: StepRef) {
  const { rows } = await stage.database.query(
    "select kind, body->>'kind' as what, body->>'text' as text from outbox where session = $1 and key like '%/question/%'",
    [session],
  );
  return rows;
}

test('a tool that asks ends its attempt without any effect, and acts once the right person has chosen', async () => {
  const { run, acted } = asking(question('requester'));
  const ref = await stage.pending('act', {});
  expect(await run(ref)).toEqual({ exitCode: null, truncated: false, waitsMs: expect.any(Number) });
  expect(await run(ref)).toMatchObject({ waitsMs: expect.any(Number) });
  expect(acted).toEqual([]);
  expect(await cards(ref)).toEqual([{ kind: 'message', what: 'question', text: expect.stringContaining('May I') }]);

  expect(await press(ref, 'U2')).toBe('not-yours');
  expect(await questionsOf(ref)).toMatchObject([{ state: 'open', choice: null }]);
  expect(await press(ref, 'U1', 'maybe')).toBe('gone');
  expect(await press(ref, 'U1')).toBe('taken');
  expect(await press(ref, 'U1', 'no')).toBe('again');
  expect(await questionsOf(ref)).toMatchObject([{ state: 'answered', choice: 'yes', by: 'U1' }]);
  expect(await cards(ref)).toEqual([
    { kind: 'message', what: 'notice', text: 'Creating an issue: Name of U1 chose “Approve”.' },
  ]);

  expect(await run(ref)).toEqual({ exitCode: null, truncated: false });
  expect(acted).toEqual(['U1 {}']);
  expect(await stage.resultOf(ref)).toEqual([{ text: 'Done.', isError: false }]);
});

test('attempts that only waited are not counted as lost', async () => {
  const { run } = asking(question('requester'));
  const ref = await stage.pending('act', {});
  for (let times = 0; times < 25; times += 1) await run(ref);
  await press(ref, 'U1');
  expect(await run(ref)).toEqual({ exitCode: null, truncated: false });
});

test('of members who press at once, the first counts; a guest changes nothing', async () => {
  const { run, acted } = asking(question('members'));
  const ref = await stage.pending('act', {});
  await run(ref);
  expect(await press(ref, 'UGUEST')).toBe('not-yours');
  const outcomes = await Promise.all(['U3', 'U4', 'U5'].map((by) => press(ref, by)));
  expect(outcomes.toSorted()).toEqual(['answered', 'answered', 'taken']);
  await run(ref);
  expect(acted).toHaveLength(1);
});

test('a press of the person who is asked counts only while they are a member', async () => {
  const { run, acted } = asking(question({ person: 'UGUEST' }));
  const ref = await stage.pending('act', {});
  await run(ref);
  expect(await press(ref, 'UGUEST')).toBe('not-yours');
  expect(await questionsOf(ref)).toMatchObject([{ state: 'open', choice: null }]);
  expect(acted).toEqual([]);
});

test('in a thread that works in a person’s name, no other member’s press counts', async () => {
  const { run, acted } = asking(question('members'));
  const ref = await stage.pending('act', {});
  await stage.database.query("update session set owner = 'U1' where id = $1", [ref.session]);
  await run(ref);
  expect(await press(ref, 'U2')).toBe('not-yours');
  expect(await press(ref, 'U1')).toBe('taken');
  await run(ref);
  expect(acted).toEqual(['U1 {}']);
});

test('a question whose time is over is answered by nobody any more', async () => {
  const { run, acted } = asking(question('requester', { withinMs: 0 }));
  const ref = await stage.pending('act', {});
  expect(await run(ref)).toEqual({ exitCode: null, truncated: false });
  expect(await press(ref, 'U1')).toBe('late');
  expect(acted).toEqual([]);
  expect(await stage.resultOf(ref)).toEqual([{ text: 'Not done: expired.', isError: true }]);
  await expireQuestions(stage.database, 100);
  expect(await cards(ref)).toMatchObject([{ text: 'Creating an issue: Nobody answered in time.' }]);
  expect(await untoldQuestions(stage.database, 100)).toContainEqual(expect.objectContaining({ session: ref.session }));
});

test('the end of the turn withdraws its question, and a press after it changes nothing', async () => {
  const { run } = asking(question('requester'));
  const ref = await stage.pending('act', {});
  await run(ref);
  const { endTurn, settleTools } = createEnding({ database: stage.database });
  await settleTools({ ...ref, reason: 'stopped', by: 'U1' });
  await endTurn({ ...ref, ending: 'stopped', stoppedBy: 'U1' });
  expect(await press(ref, 'U1')).toBe('late');
  expect(await questionsOf(ref)).toMatchObject([{ state: 'withdrawn', choice: null }]);
  expect(await cards(ref)).toMatchObject([{ text: expect.stringMatching(/Not asked any more/) }]);
  expect(await stage.resultOf(ref)).toEqual([{ text: expect.stringMatching(/^Not run: stopped/), isError: true }]);
  await expect(run(ref)).rejects.toMatchObject({ code: 'TurnOver' });
});

test('in a turn that no person began, the requester is nobody, and nothing is shown', async () => {
  const { run } = asking(question('requester'));
  const ref = await stage.pending('act', {});
  await stage.database.query("update turn set requester = 'schedule:monday' where session = $1", [ref.session]);
  await run(ref);
  expect(await stage.resultOf(ref)).toEqual([{ text: 'Not done: nobody.', isError: true }]);
  expect(await cards(ref)).toEqual([]);
});

test('a call under way waits for a form, takes what it asks for only, and a stop ends the wait', async () => {
  const form = { title: 'Which one?', fields: [{ name: 'board', label: 'Board' }] };
  const asked = question('requester', { choices: [{ id: 'yes', label: 'Answer', form }], shown: 'alone' });
  const { run, acted } = asking(asked, 'askMeanwhile');
  const ref = await stage.pending('act', {});
  const running = run(ref);
  await until(async () => (await questionsOf(ref)).length === 1);
  expect(await cards(ref)).toMatchObject([{ kind: 'ephemeral' }]);
  expect(await press(ref, 'U1', 'yes', { board: 'Web', other: 'x' })).toBe('taken');
  await running;
  expect(acted).toEqual(['U1 {"board":"Web"}']);
  const { endTurn } = createEnding({ database: stage.database });
  await endTurn({ ...ref, ending: 'stopped', stoppedBy: 'U1' });
  const { rows } = await stage.database.query('select given from question where session = $1', [ref.session]);
  expect(rows).toEqual([{ given: {} }]);

  const stopped = await stage.pending('act', {});
  const stop = new AbortController();
  const ended = run(stopped, stop.signal);
  await until(async () => (await questionsOf(stopped)).length === 1);
  stop.abort(new Error('stopped'));
  await expect(ended).rejects.toThrow('stopped');
});

test('the card of a call that has ended is withdrawn, and the turn goes on', async () => {
  const ref = await stage.pending('act', {});
  const call = new AbortController();
  const signal = new AbortController().signal;
  const came = askMeanwhile(stage.database, ref, question('requester'), signal, call.signal);
  await until(async () => (await questionsOf(ref)).length === 1);
  call.abort();
  expect(await came).toEqual({ state: 'withdrawn' });
  expect(await questionsOf(ref)).toMatchObject([{ state: 'withdrawn', choice: null }]);
  expect(await cards(ref)).toMatchObject([{ text: 'Creating an issue: Not asked any more: the call has ended.' }]);
  expect(await press(ref, 'U1')).toBe('late');
});

test('a question that cannot be closed keeps no other one open', async () => {
  const { run } = asking(question('requester', { withinMs: 0 }));
  const refs = [await stage.pending('act', {}), await stage.pending('act', {})];
  for (const ref of refs) await run(ref);
  const [first, second] = refs as [StepRef, StepRef];
  await stage.database.query(
    `create function no_card() returns trigger language plpgsql as $$ begin raise 'no card'; end $$`,
  );
  await stage.database.query(
    `create trigger no_card before update on question for each row when (old.session = '${first.session}') execute function no_card()`,
  );
  await expect(expireQuestions(stage.database, 100)).rejects.toThrow('no card');
  await stage.database.query('drop function no_card cascade');
  expect(await questionsOf(first)).toMatchObject([{ state: 'open' }]);
  expect(await questionsOf(second)).toMatchObject([{ state: 'expired' }]);
});

test('all questions of a turn together wait for half an hour at most', async () => {
  const { run } = asking(question('requester', { withinMs: 3_600_000 }));
  const ref = await stage.pending('act', {});
  const { waitsMs = 0 } = await run(ref);
  expect(waitsMs).toBeGreaterThan(1_700_000);
  expect(waitsMs).toBeLessThanOrEqual(1_800_000);
});
