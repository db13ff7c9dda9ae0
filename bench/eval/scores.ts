import { columns } from '../../access/columns.ts';
import type { Score } from './evaluate.ts';
import type { ModelChoice } from './model-choice.ts';

/** One line for each task, with what was wrong, and the sum. */
export function scoreTable(scores: readonly Score[]): string {
  const rows = scores.map(({ task, problems, seconds, tools, tokens }) => [
    problems.length === 0 ? 'done' : 'not done',
    task,
    `${seconds.toFixed(1)} s`,
    `${tools} tool ${tools === 1 ? 'call' : 'calls'}`,
    `${tokens.toLocaleString('en')} tokens`,
    problems.join('; '),
  ]);
  return `${columns(rows)}\n\n${sumOf(scores)}`;
}

/** `28 of 34 done (82 %)` */
export function sumOf(scores: readonly Score[]): string {
  const done = scores.filter(({ problems }) => problems.length === 0).length;
  return `${done} of ${scores.length} done (${Math.round((100 * done) / Math.max(1, scores.length))} %)`;
}

/** Never the key. */
export function scoresAsJson({ key: _, ...model }: ModelChoice, scores: readonly Score[], at: Date): string {
  const done = scores.filter(({ problems }) => problems.length === 0).length;
  return `${JSON.stringify({ at: at.toISOString(), model, done, of: scores.length, scores }, null, 2)}\n`;
}
