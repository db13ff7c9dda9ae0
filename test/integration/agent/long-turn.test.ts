import { runModelStep } from '../../../agent/model-step.ts';
import { runToolStep } from '../../../agent/tool-step.ts';
import type { SandboxPort } from '../../../agent/tools/sandbox-port.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { answering, call } from './support/scripted-model.ts';
import { newSession, sayAndBegin } from './support/session.ts';
import { agentOn, LIMITS } from './support/turn.ts';

const noServer = () => Promise.reject(new Error('no MCP server is here'));

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db[Symbol.asyncDispose]());

const ROUNDS = 60;

/** A turn that has done so many steps, half of them model calls and half commands. */
async function turnAt(steps: number): Promise<SessionId> {
  const session = await newSession(db.database);
  await sayAndBegin(db.database, session, 'work');
  await db.database.query(
    `insert into step (session, turn, number, kind, tool, tool_call, arguments, state, attempt, started_at, ended_at)
     select $1, 1, n, case n % 2 when 1 then 'model' else 'tool' end, case n % 2 when 0 then 'bash' end, 'c' || n,
       case n % 2 when 0 then '{"command":"true"}'::jsonb end, 'done', 1, now(), now() from generate_series(1, $2) n`,
    [session, steps],
  );
  await db.database.query(
    `insert into transcript (session, turn, role, step, content, tokens)
     select $1, 1, case n % 2 when 1 then 'assistant' else 'tool' end, n,
       case n % 2 when 1
         then jsonb_build_object('blocks', jsonb_build_array(jsonb_build_object('type', 'tool_use', 'id', 'c' || n + 1,
                'name', 'bash', 'input', jsonb_build_object('command', 'true ' || n))), 'stopReason', 'tools',
                'usage', jsonb_build_object('inputTokens', 100, 'outputTokens', 10), 'model', 'scripted')
         else jsonb_build_object('call', 'c' || n, 'tool', 'bash', 'text', repeat('x', 200), 'isError', false) end, 60
     from generate_series(1, $2) n order by n`,
    [session, steps],
  );
  return session;
}

/** One model call and the command it asks for; returns what this cost beside the model's own time. */
function stepperOf(session: SessionId, from: number) {
  let step = from;
  const deps = agentOn(db.database, {
    name: 'scripted',
    contextTokens: 10_000_000,
    call: async () => answering([call(`c${step + 1}`, 'bash', { command: `true ${step + 1}` })], 'tools')(),
  });
  const sandbox = {
    runStep: async () => ({ exitCode: 0, output: Buffer.from('ok'), outputBytes: 2, timedOut: false, durationMs: 1 }),
  } as unknown as SandboxPort;
  const files = { put: async () => {} };
  const tool = {
    database: db.database,
    tools: deps.tools,
    files,
    mcp: { call: noServer, start: noServer },
  };
  const { signal } = new AbortController();
  return async (): Promise<number> => {
    const ref = { session, turn: 1, signal };
    const began = performance.now();
    await runModelStep(deps, { ...ref, step, limits: { ...LIMITS, steps: 100_000 } });
    await runToolStep(tool, { ...ref, step: step + 1, sandbox, sandboxId: 'sb1' });
    step += 2;
    return performance.now() - began;
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

test('step 1,000 of a turn costs at most 1.2 times what step 10 costs', async () => {
  const early = stepperOf(await turnAt(8), 9);
  const late = stepperOf(await turnAt(998), 999);
  await db.database.query('analyze');
  // The first steps read everything once, and warm up.
  for (let n = 0; n < 5; n += 1) {
    await early();
    await late();
  }
  const costs = { early: [] as number[], late: [] as number[] };
  for (let n = 0; n < ROUNDS; n += 1) {
    costs.early.push(await early());
    costs.late.push(await late());
  }
  const [ten, thousand] = [median(costs.early), median(costs.late)];
  console.info(`step 10: ${ten.toFixed(2)} ms, step 1,000: ${thousand.toFixed(2)} ms`);
  // Of each round, in which both met the same load.
  const ratios = costs.late.map((late, round) => late / (costs.early[round] ?? Number.NaN));
  expect(median(ratios)).toBeLessThanOrEqual(1.2);
}, 120_000);
