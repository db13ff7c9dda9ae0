import { type Installation, startInstallation } from '../../test/support/installation/installation.ts';
import type { ModelChoice } from './model-choice.ts';
import { play } from './play.ts';
import type { Seen, Task } from './task.ts';

/** How one task went. */
export interface Score {
  readonly task: string;
  readonly what: string;
  /** What was wrong, in words. Empty: done. */
  readonly problems: readonly string[];
  readonly seconds: number;
  /** Tool calls and tokens of all its turns. */
  readonly tools: number;
  readonly tokens: number;
}

/** For one turn. A model thinks for long, and a build takes its time. */
const WITHIN_MS = 600_000;

/** A whole Bellhop in which one model answers everywhere. Everything else is the demo's own, and the paste site may be reached. */
export async function startForEvaluation(model: ModelChoice): Promise<Installation> {
  const bellhop = await startInstallation({
    secrets: model.key === null ? {} : { EVAL_KEY: model.key },
    environment: { BELLHOP_PAUSE_AFTER_SECONDS: '5', BELLHOP_REMOVE_AFTER_SECONDS: '15' },
  });
  try {
    const demo = await bellhop.demoFile();
    const open = demo.replace(/^organization:.*$/m, '$&\n  model: eval').replace(/^( *)#(- \{ host: paste)/m, '$1$2');
    await bellhop.apply(`${open}\n${modelSection(model)}`);
    return bellhop;
  } catch (error) {
    await bellhop[Symbol.asyncDispose]();
    throw error;
  }
}

function modelSection({ vendor, model, baseUrl, api, key }: ModelChoice): string {
  const entry = {
    ...{ vendor, model },
    ...(baseUrl !== null && { 'base-url': baseUrl }),
    ...(api !== null && { api }),
    ...(key !== null && { key: { fromEnv: 'EVAL_KEY' } }),
  };
  return `models:\n  eval: ${JSON.stringify(entry)}\n`;
}

/** Plays one task and judges it. A turn that does not end, or fails, is a task that was not done. */
export async function evaluate(bellhop: Installation, task: Task, withinMs = WITHIN_MS): Promise<Score> {
  const began = Date.now();
  const before = await usageOf(bellhop);
  const problems = await judged(bellhop, task, withinMs);
  const after = await usageOf(bellhop);
  return {
    ...{ task: task.name, what: task.what, problems },
    seconds: (Date.now() - began) / 1000,
    tools: after.tools - before.tools,
    tokens: after.tokens - before.tokens,
  };
}

async function judged(bellhop: Installation, task: Task, withinMs: number): Promise<readonly string[]> {
  let seen: Seen;
  try {
    seen = await play(bellhop, task, withinMs);
  } catch (error) {
    return [`it came to no end: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`];
  }
  const broken = seen.endings.filter((ending) => ending !== 'answered').map((ending) => `a turn ended as ${ending}`);
  return [...broken, ...(await task.judge(seen))];
}

async function usageOf({ database }: Installation): Promise<{ readonly tools: number; readonly tokens: number }> {
  const { rows } = await database.query<{ tools: number; tokens: number }>(
    `select (select count(*)::int from step where kind = 'tool') as tools,
       (select coalesce(sum(input_tokens + output_tokens), 0)::float8 from model_usage) as tokens`,
  );
  return rows[0] ?? { tools: 0, tokens: 0 };
}
