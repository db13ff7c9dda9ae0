/** A turn that only repeats itself: what the model is told, how it ends, and what the thread reads. */
import { createEnding } from '../../../activities/end-turn.ts';
import type { ModelStepDependencies } from '../../../agent/model-step.ts';
import { runModelStep } from '../../../agent/model-step.ts';
import type { SandboxPort } from '../../../agent/tools/sandbox-port.ts';
import type { AnswerBlock } from '../../../contracts/conversation.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { answering, call, type ScriptedModel, scriptedModel, text } from './support/scripted-model.ts';
import { newSession, say, sayAndBegin } from './support/session.ts';
import { agentOf, LIMITS, runTurn } from './support/turn.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db[Symbol.asyncDispose]());

/** A sandbox whose commands say this, in their order; the last one goes on. */
function sandboxSaying(...outputs: string[]): SandboxPort {
  let n = 0;
  return {
    runStep: async () => {
      const output = Buffer.from(outputs[Math.min(n++, outputs.length - 1)] ?? '');
      return { exitCode: 1, output, outputBytes: output.length, timedOut: false, durationMs: 1 };
    },
  } as unknown as SandboxPort;
}

const calling = (n: number, ...more: AnswerBlock[]) =>
  Array.from({ length: n }, (_, at) =>
    answering([...more, call(`c${at}`, 'bash', { command: 'npm test', doing: `try number ${at}` })], 'tools'),
  );

function agentWith(model: ScriptedModel): ModelStepDependencies {
  return { ...agentOf(db.database, 'http://127.0.0.1:1'), model };
}

async function begun(): Promise<{ session: SessionId; turn: number }> {
  const session = await newSession(db.database);
  return { session, turn: await sayAndBegin(db.database, session, 'make it work') };
}

async function answerOf(session: SessionId, turn: number) {
  const { rows } = await db.database.query<{ body: { text: string; lastWord: string } }>(
    'select body from outbox where key = $1',
    [`${session}/${turn}/answer`],
  );
  return rows[0]?.body;
}

test('a model that goes on after it was told ends the turn in words, and the next turn begins anew', async () => {
  const { session, turn } = await begun();
  const model = scriptedModel([...calling(6, text('I try the tests.')), answering([text('I give up.')])]);
  const results = await runTurn(agentWith(model), sandboxSaying('1 failed'), session, turn);
  expect(model.requests).toHaveLength(6);
  expect(results.at(-1)).toEqual({ nextStep: 13, tools: [], done: false, limit: 'repetition' });
  const told = model.requests.map(({ messages }) => JSON.stringify(messages.at(-1)).includes('times in a row'));
  expect(told).toEqual([false, false, false, true, true, true]);

  // A second attempt of the same step finds the same.
  const input = { session, turn, step: 13, limits: LIMITS, signal: new AbortController().signal };
  expect(await runModelStep(agentWith(model), input)).toMatchObject({ limit: 'repetition' });

  const { settleTools, endTurn } = createEnding({ database: db.database });
  await settleTools({ session, turn, reason: 'limit' });
  await endTurn({ session, turn, ending: 'limit' });
  expect(await answerOf(session, turn)).toMatchObject({
    text: 'I try the tests.\n\nThis came to the same result 6 times in a row:\n- `bash`: `npm test`',
    lastWord: expect.stringMatching(/going in circles[\s\S]*"go on"/),
  });
  const { rows } = await db.database.query('select state, failure from turn where session = $1', [session]);
  expect(rows).toEqual([{ state: 'limit', failure: null }]);

  const next = await sayAndBegin(db.database, session, 'go on');
  expect((await runTurn(agentWith(model), sandboxSaying(''), session, next)).at(-1)).toMatchObject({ done: true });
});

test('a person who has said something meanwhile is heard before the turn ends', async () => {
  const { session, turn } = await begun();
  const model = scriptedModel([...calling(6), answering([text('Now I see.')])]);
  const said = { ...agentWith(model) };
  const sandbox = sandboxSaying('1 failed');
  let commands = 0;
  const port = {
    runStep: async (step: Parameters<SandboxPort['runStep']>[0]) => {
      commands += 1;
      if (commands === 6) await say(db.database, session, { text: 'the database is not up yet' });
      return sandbox.runStep(step);
    },
  } as unknown as SandboxPort;
  const results = await runTurn(said, port, session, turn);
  expect(results.at(-1)).toMatchObject({ done: true, limit: null });
  expect(JSON.stringify(model.requests.at(-1)?.messages)).toContain('the database is not up yet');
});

test('a command whose output changes is asked as often as the model likes', async () => {
  const { session, turn } = await begun();
  const model = scriptedModel([...calling(9), answering([text('It is green.')])]);
  const outputs = Array.from({ length: 9 }, (_, n) => `${n} of 9 passed`);
  const results = await runTurn(agentWith(model), sandboxSaying(...outputs), session, turn);
  expect(results.at(-1)).toMatchObject({ done: true });
  expect(JSON.stringify(model.requests.at(-1)?.messages)).not.toContain('times in a row');
});

test('a turn that ends at another limit says that one', async () => {
  const { session, turn } = await begun();
  const model = scriptedModel(calling(3));
  await runTurn(agentWith(model), sandboxSaying('a', 'b', 'c'), session, turn).catch(() => undefined);
  await createEnding({ database: db.database }).endTurn({ session, turn, ending: 'limit' });
  expect(await answerOf(session, turn)).toMatchObject({ lastWord: expect.stringContaining('the limit of one turn') });
});
