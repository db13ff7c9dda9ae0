/**
 * `npm test [path …] [-- jest options]`: brings up PostgreSQL, Temporal, the Docker Engine and the sandbox image by the same code
 * as `bellhop up`, runs the tests on them, takes everything down, and ends with the line `N passed, N failed`. What the tests
 * themselves left behind is removed, and counts as failed.
 */
import { reasonOf } from '../setup/errors.ts';
import { provideChromium } from './runner/provide-chromium.ts';
import { runSuite } from './runner/run-suite.ts';
import { withStage } from './runner/stage.ts';
import { selectSuites } from './runner/suites.ts';

const tell = (line: string): void => console.error(line);

let passed = 0;
let failed = 0;
try {
  const suites = selectSuites(process.argv.slice(2));
  if (suites.some(({ name }) => name === 'e2e')) await provideChromium(tell);
  const left = await withStage(tell, async (environment, signal) => {
    for (const suite of suites) {
      const result = await runSuite(suite, environment, signal);
      passed += result.passed;
      failed += result.failed;
      tell(`${suite.name}: ${result.passed} passed, ${result.failed} failed, ${(result.ms / 1000).toFixed(0)} s\n`);
    }
  });
  failed += left.length;
  for (const what of left) tell(`left behind: ${what}`);
} catch (error) {
  failed += 1;
  tell(`tests: ${reasonOf(error)}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
