/**
 * `npm test [path …] [-- jest options]`: brings up PostgreSQL, Temporal, the Docker Engine and the sandbox image by the same code
 * as `bellhop up`, runs the tests on them, takes everything down, and ends with the line `N passed, N failed`. What the tests
 * themselves left behind is removed, and counts as failed.
 */
import path from 'node:path';
import { reasonOf } from '../setup/errors.ts';
import { ROOT } from '../setup/host/home.ts';
import { judgeSuites } from './runner/judge-suites.ts';
import { provideChromium } from './runner/provide-chromium.ts';
import { runSuite, type SuiteResult } from './runner/run-suite.ts';
import { withStage } from './runner/stage.ts';
import { againAlone, type Lane, type Suite, selectSuites } from './runner/suites.ts';

const tell = (line: string): void => console.error(line);

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

type Result = SuiteResult & { readonly suite: Suite };

async function runLane(lane: readonly Suite[], environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Result[]> {
  const results: Result[] = [];
  for (const suite of lane) {
    const result = await runSuite(suite, environment, signal);
    results.push({ suite, ...result });
    tell(`${suite.name}: ${result.passed} passed, ${result.failed} failed, ${(result.ms / 1000).toFixed(0)} s\n`);
  }
  return results;
}

async function runSuites(
  suites: readonly Suite[],
  { whole, environment, signal }: { whole: boolean; environment: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<Counts> {
  const run = (lane: Lane) =>
    runLane(
      suites.filter((suite) => suite.lane === lane),
      environment,
      signal,
    );
  const results = [...(await Promise.all([run('inner'), run('outer')])).flat(), ...(await run('alone'))];
  const again = await runLane(whole ? againAlone(results) : [], environment, signal);
  const { failed, unsteady } = judgeSuites(results, again);
  // What failed beside other work and passes alone is named: its cause is a fault to find, in the test or in the product.
  for (const file of unsteady) tell(`unsteady: failed once and passed alone: ${path.relative(ROOT, file)}`);
  return { passed: results.reduce((sum, { passed }) => sum + passed, 0), failed };
}

/** Whether an argument is the folder of a whole suite. Who runs single files wants to see each failure. */
const isSuite = (arg: string): boolean => /^test\/[a-z]+\/?$/.test(arg);

async function runAll(args: readonly string[]): Promise<Counts> {
  const suites = selectSuites(args);
  if (suites.some(({ name }) => name === 'e2e')) await provideChromium(tell);
  let counts: Counts = { passed: 0, failed: 0 };
  const left = await withStage(tell, async (environment, signal) => {
    counts = await runSuites(suites, { whole: args.every(isSuite), environment, signal });
  });
  for (const what of left) tell(`left behind: ${what}`);
  return { ...counts, failed: counts.failed + left.length };
}

const { passed, failed } = await runAll(process.argv.slice(2)).catch((error): Counts => {
  tell(`tests: ${reasonOf(error)}`);
  return { passed: 0, failed: 1 };
});
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
