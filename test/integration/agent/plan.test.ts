import { createShowProgress } from '../../../activities/progress.ts';
import { setPlan } from '../../../store/turns.ts';
import { createToolStage, type ToolStage } from './support/tool-stage.ts';

/** The plan of a turn, as the thread shows it. */
let stage: ToolStage;

beforeAll(async () => {
  stage = await createToolStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

async function shown(session: string): Promise<unknown> {
  const { rows } = await stage.database.query(
    `select body -> 'plan' as plan from outbox where session = $1 and body ->> 'kind' = 'working'`,
    [session],
  );
  return rows[0]?.plan;
}

test('the plan that the model says is part of every live line after it, in words that are bounded', async () => {
  const steps = [
    { step: 'find why\nthe test fails', state: 'done' },
    { step: 'mend it', state: 'now' },
    { step: 'x'.repeat(400) },
  ];
  const ref = await stage.pending('plan', { steps });
  const show = createShowProgress(stage.database);
  await show({ ...ref, what: 'thinking' });
  expect(await shown(ref.session)).toBeNull();
  await stage.run(ref);
  expect((await stage.resultOf(ref))[0]).toEqual({ text: 'The plan is shown in the thread.', isError: false });
  await show({ ...ref, what: 'running the tests' });
  expect(await shown(ref.session)).toEqual([
    { step: 'find why the test fails', state: 'done' },
    { step: 'mend it', state: 'now' },
    { step: `${'x'.repeat(119)}…`, state: 'open' },
  ]);
});

test('a late attempt of an earlier step does not bring an old plan back', async () => {
  const ref = await stage.pending('plan', { steps: [{ step: 'one' }] });
  await setPlan(stage.database, { ...ref, step: ref.step + 5 }, [{ step: 'newer', state: 'now' }]);
  await setPlan(stage.database, ref, [{ step: 'older', state: 'now' }]);
  await createShowProgress(stage.database)({ ...ref, what: 'thinking' });
  expect(await shown(ref.session)).toEqual([{ step: 'newer', state: 'now' }]);
});

test('what the model says that a command does is told while it runs', async () => {
  const told: string[] = [];
  const ref = await stage.pending('bash', { command: 'true', doing: 'running <the>\ntests' });
  await stage.run(ref, { onDoing: (doing) => told.push(doing) });
  expect(told).toEqual(["running 'the' tests"]);
});

test('where the model does not say what a call does, its command or its file tells', async () => {
  const told: string[] = [];
  const onDoing = (doing: string) => told.push(doing);
  await stage.run(await stage.pending('bash', { command: 'cd /tmp; make test' }), { onDoing });
  await stage.run(await stage.pending('read_file', { path: 'notes/<plan>.md' }), { onDoing });
  await stage.run(await stage.pending('plan', { steps: [{ step: 'x' }] }), { onDoing });
  expect(told).toEqual(['running the tests', "reading 'plan'.md"]);
});

test('a live line says when its step began, whichever attempt says it, and each renewal is shown', async () => {
  const ref = await stage.pending('bash', { command: 'true' });
  const show = createShowProgress(stage.database);
  const line = async () => {
    const { rows } = await stage.database.query<{ begun: string | null; revision: number }>(
      `select body ->> 'begun' as begun, revision from outbox where session = $1 and body ->> 'kind' = 'working'`,
      [ref.session],
    );
    return rows[0];
  };
  await show({ ...ref, what: 'waiting' });
  expect((await line())?.begun).toBeNull();
  await stage.run(ref);
  await show({ ...ref, what: 'running the tests' });
  const first = await line();
  const { rows } = await stage.database.query<{ at: Date }>(
    'select started_at as at from step where session = $1 and turn = $2 and number = $3',
    [ref.session, ref.turn, ref.step],
  );
  expect(first?.begun).toBe(rows[0]?.at.toISOString());
  await show({ ...ref, what: 'running the tests' });
  expect(await line()).toEqual(first);
  await show({ ...ref, what: 'running the tests', renewal: 1 });
  expect(await line()).toEqual({ begun: first?.begun, revision: Number(first?.revision) + 1 });
});

test.each([
  ['none', []],
  ['thirteen', Array.from({ length: 13 }, () => ({ step: 'x' }))],
])('a plan of %s steps is a mistake that the model reads', async (_, steps) => {
  const ref = await stage.pending('plan', { steps });
  await stage.run(ref);
  expect((await stage.resultOf(ref))[0]).toMatchObject({ isError: true });
});
