import { ModelError } from '../../../agent/errors.ts';
import { finalText } from '../../../agent/final-text.ts';
import { runModelStep } from '../../../agent/model-step.ts';
import { settleOpenTools } from '../../../agent/settle-tools.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { inTransaction } from '../../../store/database.ts';
import { startToolStep } from '../../../store/steps.ts';
import { readTranscript } from '../../../store/transcript.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { holdConnections } from '../activities/support/held-database.ts';
import { answering, call, lastMessage, type ScriptedModel, scriptedModel, text } from './support/scripted-model.ts';
import { newSession, say, sayAndBegin } from './support/session.ts';
import { agentOn, LIMITS, stepOf } from './support/turn.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});

afterAll(() => db[Symbol.asyncDispose]());

const agentWith = (model: ScriptedModel, clock?: () => number) => agentOn(db.database, model, clock);

async function started(said: string): Promise<{ session: SessionId; turn: number }> {
  const session = await newSession(db.database);
  return { session, turn: await sayAndBegin(db.database, session, said) };
}

test('a step that is done returns what it returned before, without another call', async () => {
  const { session, turn } = await started('hello');
  const model = scriptedModel([
    answering([text('I look.'), call('a', 'bash', {}), call('b', 'read_file', {})], 'tools'),
  ]);
  const first = await runModelStep(agentWith(model), stepOf(session, turn, 1));
  const again = await runModelStep(agentWith(model), stepOf(session, turn, 1));

  expect(first).toEqual({
    nextStep: 4,
    tools: [
      { step: 2, tool: 'bash', parallel: false },
      { step: 3, tool: 'read_file', parallel: true },
    ],
    done: false,
    limit: null,
  });
  expect(again).toEqual(first);
  expect(model.requests).toHaveLength(1);
});

test('of two attempts that run at once one is stored and both return it', async () => {
  const { session, turn } = await started('hello');
  const model = scriptedModel([answering([text('one')]), answering([text('two')])]);
  const deps = agentWith(model);
  const results = await Promise.all([1, 2].map(() => runModelStep(deps, stepOf(session, turn, 1))));

  expect(results[0]).toEqual(results[1]);
  expect(['one', 'two']).toContain(await finalText(db.database, session, turn));
  const { rows } = await db.database.query('select input_tokens from turn where session = $1', [session]);
  expect(Number(rows[0].input_tokens)).toBe(100);
});

test('an attempt that wakes up after another has recorded an answer returns that and leaves its running tool alone', async () => {
  const { session, turn } = await started('hello');
  const model = scriptedModel([answering([call('a', 'bash', { command: 'x' })], 'tools'), answering([text('two')])]);
  const frozen = holdConnections(db.database);
  const late = runModelStep({ ...agentWith(model), database: frozen.database }, stepOf(session, turn, 1));
  await frozen.reached;
  const first = await runModelStep(agentWith(model), stepOf(session, turn, 1));
  await startToolStep(db.database, { session, turn, step: 2 });
  await db.database.query("update step set incarnation = 'i1' where session = $1 and number = 2", [session]);
  frozen.release();

  // The tool runs by now, so it is not among those that are to be run.
  expect(await late).toEqual({ ...first, tools: [] });
  expect(model.requests).toHaveLength(1);
  const { rows } = await db.database.query('select state from step where session = $1 and number = 2', [session]);
  expect(rows[0].state).toBe('running');
});

test('a failed attempt stores nothing but the messages, and the next attempt has them and what came since', async () => {
  const { session, turn } = await started('first words');
  const model = scriptedModel([
    () => {
      throw new ModelError('ModelUnavailable', 'no');
    },
    answering([text('fine')]),
  ]);
  await expect(runModelStep(agentWith(model), stepOf(session, turn, 1))).rejects.toThrow(ModelError);
  await say(db.database, session, { text: 'second words', author: 'U2', authorClass: 'guest' });
  await runModelStep(agentWith(model), stepOf(session, turn, 1));

  const sent = lastMessage(model.requests[1]);
  expect(sent.indexOf('first words')).toBeGreaterThan(-1);
  expect(sent.indexOf('second words')).toBeGreaterThan(sent.indexOf('first words'));
  expect(sent).toMatch(/id="U2" class="guest"/);
});

test('a message during the turn is in the next model call, after the results it waited for', async () => {
  const { session, turn } = await started('work');
  const model = scriptedModel([answering([call('a', 'bash', { command: 'x' })], 'tools'), answering([text('ok')])]);
  await runModelStep(agentWith(model), stepOf(session, turn, 1));
  await say(db.database, session, { text: 'and hurry' });
  await runModelStep(agentWith(model), stepOf(session, turn, 3));

  const content = model.requests[1]?.messages.at(-1)?.content ?? [];
  expect(content.map(({ type }) => type)).toEqual(['tool_result', 'text']);
  expect(lastMessage(model.requests[1])).toContain('and hurry');
});

test('a tool call that nobody has ended is "outcome unknown" in the next call, and stays so', async () => {
  const { session, turn } = await started('work');
  const model = scriptedModel([answering([call('a', 'bash', { command: 'x' })], 'tools'), answering([text('ok')])]);
  await runModelStep(agentWith(model), stepOf(session, turn, 1));
  await db.database.query("update step set incarnation = 'i1' where session = $1 and number = 2", [session]);
  await runModelStep(agentWith(model), stepOf(session, turn, 3));

  expect(lastMessage(model.requests[1])).toMatch(/^Outcome unknown/);
  const { rows } = await db.database.query('select state from step where session = $1 and number = 2', [session]);
  expect(rows[0].state).toBe('unknown');
});

test('after a stop the next turn tells the model who stopped what', async () => {
  const { session, turn } = await started('work');
  const model = scriptedModel([answering([call('a', 'bash', { command: 'x' })], 'tools'), answering([text('ok')])]);
  await runModelStep(agentWith(model), stepOf(session, turn, 1));
  await db.database.query("update step set incarnation = 'i1' where session = $1 and number = 2", [session]);
  for (const _ of [1, 2]) {
    await inTransaction(db.database, (tx) => settleOpenTools(tx, session, turn, { reason: 'stopped', by: 'U7' }));
  }
  await runModelStep(agentWith(model), stepOf(session, await sayAndBegin(db.database, session, 'go on'), 1));

  const sent = lastMessage(model.requests[1]);
  expect(sent).toMatch(/^Stopped by <@U7> before it was finished/);
  expect(sent.match(/<stopped by="U7" \/>/g)).toHaveLength(1);
  expect(sent.indexOf('go on')).toBeGreaterThan(sent.indexOf('<stopped'));
});

test('a tool that does not exist, and a call that was cut, are answered without being run', async () => {
  const { session, turn } = await started('work');
  const model = scriptedModel([
    answering([call('a', 'teleport', {}), call('b', 'write_file', { path: 'x', text: 'half a' })], 'length'),
    answering([text('ok')]),
  ]);
  const result = await runModelStep(agentWith(model), stepOf(session, turn, 1));
  expect(result).toEqual({ nextStep: 4, tools: [], done: false, limit: null });
  await runModelStep(agentWith(model), stepOf(session, turn, 4));
  expect(lastMessage(model.requests[1])).toMatch(/no tool named teleport.*bash[\s\S]*Not run: your answer was cut/);
});

test('an answer that was cut at its length is gone on with, and is one answer in the thread', async () => {
  const { session, turn } = await started('tell me');
  const model = scriptedModel([answering([text('Once upon ')], 'length'), answering([text('a time.')])]);
  const first = await runModelStep(agentWith(model), stepOf(session, turn, 1));
  expect(first).toEqual({ nextStep: 2, tools: [], done: false, limit: null });
  expect(await runModelStep(agentWith(model), stepOf(session, turn, 1))).toEqual(first);
  expect(await runModelStep(agentWith(model), stepOf(session, turn, 2))).toMatchObject({ done: true });
  expect(lastMessage(model.requests[1])).toMatch(/cut at its length limit. Go on exactly where it stopped/);
  expect(await finalText(db.database, session, turn)).toBe('Once upon a time.');
});

test('an answer that is cut again and again ends, and says so', async () => {
  const { session, turn } = await started('tell me all');
  const model = scriptedModel(Array.from({ length: 9 }, () => answering([text('more ')], 'length')));
  const results = [];
  for (let step = 1; step <= 5; step += 1)
    results.push(await runModelStep(agentWith(model), stepOf(session, turn, step)));
  expect(results.map(({ done }) => done)).toEqual([false, false, false, false, true]);
  expect(await finalText(db.database, session, turn)).toMatch(/^(?:more ){4}more\n\n\(This answer was cut/);
});

test('limits are found before a call, name themselves and call nothing', async () => {
  const { session, turn } = await started('work');
  const model = scriptedModel([answering([text('never')])]);
  const at = (step: number, limits: Partial<typeof LIMITS>, clock?: () => number) =>
    runModelStep(agentWith(model, clock), stepOf(session, turn, step, { ...LIMITS, ...limits }));

  const anHourLater = () => Date.now() + 61 * 60_000;
  expect(await at(101, {})).toEqual({ nextStep: 101, tools: [], done: false, limit: 'steps' });
  expect(await at(1, { tokens: 0 })).toMatchObject({ limit: 'tokens' });
  expect(await at(1, {}, anHourLater)).toMatchObject({ limit: 'minutes' });
  expect(model.requests).toHaveLength(0);
});

test("a turn's minutes are counted from when its sandbox was ready", async () => {
  const { session, turn } = await started('work');
  await db.database.query("update turn set started_at = now() - interval '5 hours' where session = $1", [session]);
  await db.database.query('update turn set sandbox_ready_at = now() where session = $1', [session]);
  const model = scriptedModel([answering([text('done')])]);
  expect(await runModelStep(agentWith(model), stepOf(session, turn, 1))).toMatchObject({ limit: null, done: true });
});

test('a stop during the call stores no answer', async () => {
  const { session, turn } = await started('work');
  const controller = new AbortController();
  const model = scriptedModel([
    () => {
      controller.abort(new Error('stopped'));
      return answering([text('too late')])();
    },
  ]);
  const step = stepOf(session, turn, 1, LIMITS, controller.signal);
  await expect(runModelStep(agentWith(model), step)).rejects.toThrow('stopped');
  expect(await finalText(db.database, session, turn)).toBeNull();
});

test('text that PostgreSQL cannot hold is stored with a replacement', async () => {
  const { session, turn } = await started('work');
  const model = scriptedModel([answering([text('a\0b\uD800c'), call('a', 'bash', { command: '\0' })], 'tools')]);
  await runModelStep(agentWith(model), stepOf(session, turn, 1));
  const rows = await readTranscript(db.database, session);
  expect(JSON.stringify(rows.at(-1)?.content)).toContain('a\uFFFDb\uFFFDc');
});

test('an answer that somebody added to and the answer after it are both told', async () => {
  const { session, turn } = await started('work');
  const model = scriptedModel([answering([text('First.')]), answering([text('Second.')])]);
  await runModelStep(agentWith(model), stepOf(session, turn, 1));
  await say(db.database, session, { text: 'one more thing' });
  await runModelStep(agentWith(model), stepOf(session, turn, 2));
  expect(await finalText(db.database, session, turn)).toBe('First.\n\nSecond.');
});

test('a refusal of the model ends the turn and says so', async () => {
  const { session, turn } = await started('work');
  const model = scriptedModel([answering([call('a', 'bash', { command: 'x' })], 'refused')]);
  expect(await runModelStep(agentWith(model), stepOf(session, turn, 1))).toMatchObject({ done: true, tools: [] });
  expect(await finalText(db.database, session, turn)).toBe('The model declines to go on with this.');
});
