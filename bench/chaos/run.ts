/**
 * `npm run bench:chaos`: strikes a whole Bellhop in the middle of conversations, and judges from outside what was lost, doubled or left
 * behind. Exit code 1 when there is anything; the seed it prints replays what was said and struck.
 */
import { randomInt } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { reasonOf } from '../../setup/errors.ts';
import { ROOT } from '../../setup/host/home.ts';
import { onInterruption } from '../../test/runner/interruption.ts';
import { describeMachine } from '../report.ts';
import { readArguments, USAGE } from './arguments.ts';
import { planOf } from './plan.ts';
import { describeStrike } from './player.ts';
import { chaosJson, chaosTable, withTable } from './report.ts';
import { runChaos } from './run-chaos.ts';

const RESULTS = path.join(ROOT, 'bench', 'results');
const DOCUMENT = path.join(ROOT, 'docs', 'reliability.md');
const tell = (line: string): void => console.error(line);

async function main(): Promise<void> {
  const wanted = readArguments(process.argv.slice(2), () => randomInt(1, 1_000_000));
  if (wanted.help) return console.log(USAGE);
  const { seed, faults, only } = wanted;
  const { signal } = onInterruption();
  const at = new Date();
  const machine = describeMachine();
  const replay = `npm run bench:chaos -- --seed ${seed} --faults ${faults}${only.map((name) => ` --only ${name}`).join('')}`;
  tell(replay);
  const file = wanted.json ?? path.join(RESULTS, `chaos-${at.toISOString().replaceAll(':', '-')}.json`);
  const evidence = file.replace(/\.json$/, '');
  const result = await runChaos({ seed, faults, only, evidence, tell, signal });
  const report = { seed, faults, only, at, machine, result };
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, chaosJson(report));
  const table = chaosTable(report);
  console.log(`\n${table}\n\n${file}`);
  if (wanted.docs) await writeFile(DOCUMENT, withTable(await readFile(DOCUMENT, 'utf8'), table));
  for (const words of result.unasked) tell(words);
  if (result.findings.length === 0) return;
  process.exitCode = 1;
  console.log(['', ...result.findings.map(({ verdict, what }) => `${verdict}: ${what}`)].join('\n'));
  console.log(
    `\nThe faults were:\n${planOf(wanted).strikes.map(describeStrike).join('\n')}\n\nLogs and Temporal's database: ${evidence}\nThe same again: ${replay}`,
  );
}

try {
  await main();
} catch (error) {
  tell(`chaos: ${reasonOf(error)}`);
  process.exitCode = 1;
}
