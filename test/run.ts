/**
 * `npm test [path …] [-- jest options]`: brings up PostgreSQL, Temporal, the Docker Engine and the sandbox image by the same code
 * as `bellhop up`, runs the tests on them, takes everything down, and ends with the line `N passed, N failed`. What the tests
 * themselves left behind is removed, and counts as failed.
 */
import { reasonOf } from '../setup/errors.ts';
import { provideChromium } from './runner/provide-chromium.ts';
import { runSuite } from './runner/run-suite.ts';
import { withStage } from './runner/stage.ts';
import { type Lane, type Suite, selectSuites } from './runner/suites.ts';

const tell = (line: string): void => console.error(line);

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

async function runLane(lane: readonly Suite[], environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Counts> {
  const counts = { passed: 0, failed: 0 };
  for (const suite of lane) {
    const result = await runSuite(suite, environment, signal);
    counts.passed += result.passed;
    counts.failed += result.failed;
    tell(`${suite.name}: ${result.passed} passed, ${result.failed} failed, ${(result.ms / 1000).toFixed(0)} s\n`);
  }
  return counts;
}

async function runSuites(
  suites: readonly Suite[],
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Counts> {
  const run = (lane: Lane) =>
    runLane(
      suites.filter((suite) => suite.lane === lane),
      environment,
      signal,
    );
  const counts = [...(await Promise.all([run('inner'), run('outer')])), await run('alone')];
  return {
    passed: counts.reduce((sum, { passed }) => sum + passed, 0),
    failed: counts.reduce((sum, { failed }) => sum + failed, 0),
  };
}

async function runAll(args: readonly string[]): Promise<Counts> {
  const suites = selectSuites(args);
  if (suites.some(({ name }) => name === 'e2e')) await provideChromium(tell);
  let counts: Counts = { passed: 0, failed: 0 };
  const left = await withStage(tell, async (environment, signal) => {
    counts = await runSuites(suites, environment, signal);
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
