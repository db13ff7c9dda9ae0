/** `npm run eval`: how well a model does the daily work with our prompt and our tools. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { reasonOf } from '../../setup/errors.ts';
import { withStage } from '../../test/runner/stage.ts';
import { evaluate, type Score, startForEvaluation } from './evaluate.ts';
import { readEvalArguments, USAGE } from './model-choice.ts';
import { scoresAsJson, scoreTable } from './scores.ts';
import { TASKS } from './tasks.ts';

const RESULTS = path.join(import.meta.dirname, '..', 'results');
const tell = (line: string): void => console.error(line);

async function main(): Promise<void> {
  const names = TASKS.map(({ name }) => name);
  const wanted = readEvalArguments(process.argv.slice(2), process.env, names);
  if (wanted.help) {
    const tasks = TASKS.map(({ name, what }) => `  ${name.padEnd(22)} ${what}`);
    return console.log(`${USAGE}\nTasks:\n${tasks.join('\n')}`);
  }
  const model = wanted.choice();
  const chosen = TASKS.filter(({ name }) => wanted.only.length === 0 || wanted.only.includes(name));
  const at = new Date();
  const scores: Score[] = [];
  try {
    await withStage(tell, async (environment, signal) => {
      // The support code of the tests finds its servers by these.
      Object.assign(process.env, environment);
      await using bellhop = await startForEvaluation(model);
      for (const task of Array.from({ length: wanted.rounds }, () => chosen).flat()) {
        signal.throwIfAborted();
        const score = await evaluate(bellhop, task);
        scores.push(score);
        tell(`${score.problems.length === 0 ? 'done    ' : 'not done'} ${task.name} ${score.problems.join('; ')}`);
      }
    });
  } finally {
    // What was played before a failure is worth being seen.
    if (scores.length > 0) {
      const file = wanted.json ?? path.join(RESULTS, `eval-${at.toISOString().replaceAll(':', '-')}.json`);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, scoresAsJson(model, scores, at));
      console.log(`\n${scoreTable(scores)}\n${model.model}; all scores: ${file}`);
    }
  }
}

try {
  await main();
} catch (error) {
  tell(`npm run eval: ${reasonOf(error)}`);
  process.exitCode = 1;
}
