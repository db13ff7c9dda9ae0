import { ModelError } from '../../../agent/errors.ts';
import { type ModelStepDependencies, runModelStep } from '../../../agent/model-step.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { readTranscript } from '../../../store/transcript.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { answering, call, type ScriptedModel, scriptedModel, text } from './support/scripted-model.ts';
import { newSession, sayAndBegin } from './support/session.ts';
import { agentOn, LIMITS } from './support/turn.ts';

const WINDOW = 10_000;
let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});

afterAll(() => db[Symbol.asyncDispose]());

const agentWith = (model: ScriptedModel) => agentOn(db.database, model);

async function oneTurn(deps: ModelStepDependencies, session: SessionId, said: string, steps = [1]): Promise<void> {
  const turn = await sayAndBegin(db.database, session, said);
  const { signal } = new AbortController();
  for (const step of steps) await runModelStep(deps, { session, turn, step, limits: LIMITS, signal });
}

test('at 70 % of the window older turns are replaced by a summary, which stays for the turns after', async () => {
  const session = await newSession(db.database);
  const model = scriptedModel(
    [
      answering([text('first answer')], 'end', 7_100),
      answering([text('THE SUMMARY')], 'end', 500),
      answering([text('second answer')], 'end', 900),
      answering([text('third answer')], 'end', 950),
    ],
    WINDOW,
  );
  const deps = agentWith(model);
  await oneTurn(deps, session, 'the first request');
  await oneTurn(deps, session, 'the second request');
  await oneTurn(deps, session, 'the third request');

  const [, summarising, second, third] = model.requests.map(({ messages }) => JSON.stringify(messages));
  expect(model.requests[1]?.tools).toEqual([]);
  expect(summarising).toContain('the first request');
  expect(summarising).not.toContain('the second request');
  expect(second).toContain('THE SUMMARY\\n\\nWho has written so far: U1 (U1, member).');
  expect(second).not.toContain('the first request');
  expect(second).toContain('the second request');
  expect(third).toContain('THE SUMMARY');
  expect(third).toContain('second answer');

  const { rows } = await db.database.query(`select count(*)::int as n from transcript where session = $1`, [session]);
  expect(rows[0].n).toBe(7);
  const usage = await db.database.query('select input_tokens from model_usage where session = $1 and turn = 2', [
    session,
  ]);
  expect(usage.rows).toEqual([{ input_tokens: 1_400 }]);
});

test('one long turn is summarised at a border between its steps, and no call loses its result', async () => {
  const session = await newSession(db.database);
  const command = 'x'.repeat(3_000);
  const works = [1, 2, 3].map((n) => answering([call(`c${n}`, 'bash', { command })], 'tools', n * 2_500));
  const model = scriptedModel(
    [...works, answering([text('S')], 'end', 100), answering([text('end')], 'end', 2_000)],
    WINDOW,
  );
  await oneTurn(agentWith(model), session, 'the only request', [1, 3, 5, 7]);

  expect(model.requests).toHaveLength(5);
  const last = model.requests.at(-1);
  expect(last?.messages[0]?.content[0]).toMatchObject({ type: 'text', text: expect.stringContaining('<summary>') });
  const ids = last?.messages.flatMap(({ content }) =>
    content.flatMap((block) =>
      block.type === 'tool_use' || block.type === 'tool_result' ? [[block.type, block.id]] : [],
    ),
  );
  expect(ids?.length).toBeGreaterThan(0);
  expect(ids?.filter(([type]) => type === 'tool_use').map(([, id]) => id)).toEqual(
    ids?.filter(([type]) => type === 'tool_result').map(([, id]) => id),
  );
});

test('a turn whose beginning is in a summary keeps its mark, also after a second summary', async () => {
  const session = await newSession(db.database);
  const command = 'x'.repeat(3_000);
  const work = (n: number, tokens: number) => answering([call(`c${n}`, 'bash', { command })], 'tools', tokens);
  const summary = answering([text('S')], 'end', 100);
  const model = scriptedModel(
    [work(1, 2_500), work(2, 5_000), work(3, 7_500), summary, work(4, 7_500), summary, answering([text('end')])],
    WINDOW,
  );
  await oneTurn(agentWith(model), session, 'the only request', [1, 3, 5, 7, 9]);
  const marks = model.requests.map(({ messages }) => JSON.stringify(messages).match(/<turn [^>]*>/g) ?? []);
  expect(marks[0]).toHaveLength(1);
  expect(marks[4]).toEqual(marks[0]);
  expect(marks[6]).toEqual(marks[0]);
  expect(JSON.stringify(model.requests[6]?.messages[0])).toMatch(/<\/summary>.*<turn number/);
});

test('a context that did not fit after all is summarised and tried once more', async () => {
  const session = await newSession(db.database);
  const tooLong = () => {
    throw new ModelError('ModelRefusedRequest', 'prompt is too long', { status: 400, tooLong: true });
  };
  const model = scriptedModel([
    answering([text('first answer')]),
    tooLong,
    answering([text('S')]),
    answering([text('second answer')]),
  ]);
  await oneTurn(agentWith(model), session, 'the first request');
  await oneTurn(agentWith(model), session, 'the second request');
  const rows = await readTranscript(db.database, session);
  expect(rows.map(({ role }) => role)).toEqual(['summary', 'user', 'assistant']);
});

test('a context that never fits fails with the words of the model, not in a loop', async () => {
  const session = await newSession(db.database);
  const tooLong = () => {
    throw new ModelError('ModelRefusedRequest', 'prompt is too long', { status: 400, tooLong: true });
  };
  const model = scriptedModel([tooLong, tooLong]);
  await expect(oneTurn(agentWith(model), session, 'enormous')).rejects.toThrow('prompt is too long');
});
