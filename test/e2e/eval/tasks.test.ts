/** Each task of the evaluation on a whole Bellhop, with a model that does it and with models that do not. */
import { evaluate, startForEvaluation } from '../../../bench/eval/evaluate.ts';
import type { Task } from '../../../bench/eval/task.ts';
import { TASKS } from '../../../bench/eval/tasks.ts';
import type { Installation } from '../../support/installation/installation.ts';
import { type ScriptedServer, startScriptedServer } from './scripted-server.ts';

const MODEL = 'scripted';
const WITHIN_MS = 90_000;

let bellhop: Installation;
let server: ScriptedServer;

beforeAll(async () => {
  server = await startScriptedServer(MODEL);
  bellhop = await startForEvaluation({
    ...{ vendor: 'openai-compatible', api: 'chat-completions', model: MODEL, baseUrl: server.url, key: null },
  });
}, 180_000);
afterAll(async () => {
  await bellhop?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
}, 60_000);

test('there are thirty tasks at least, each with a name of its own', () => {
  expect(TASKS.length).toBeGreaterThanOrEqual(30);
  expect(new Set(TASKS.map(({ name }) => name)).size).toBe(TASKS.length);
});

describe.each(TASKS.map((task) => [task.name, task] as const))('%s', (_, task: Task) => {
  test('is done by a model that does it', async () => {
    const script = task.good();
    server.play(script);
    expect((await evaluate(bellhop, task, WITHIN_MS)).problems).toEqual([]);
    expect(server.answered).toBe(script.length);
  }, 120_000);

  test('is not done by a model that does not', async () => {
    const scripts = task.bad();
    expect(scripts.length).toBeGreaterThan(0);
    for (const script of scripts) {
      server.play(script);
      const { problems } = await evaluate(bellhop, task, WITHIN_MS);
      expect(problems).not.toEqual([]);
      // A judge has found it, and not a turn that came to no end.
      expect(problems.join()).not.toMatch(/came to no end|a turn ended as/);
      expect(server.answered).toBe(script.length);
    }
  }, 240_000);
});
