import pc from 'picocolors';
import type { TestResult } from '../../access/run-tests.ts';

/** The results of a file's tests. Those that fail are told with the reason. */
export function testsText(file: string, results: readonly TestResult[]): string {
  const failed = results.filter(({ passed }) => !passed);
  const head = `${results.length - failed.length} of ${results.length} tests of the file passed.`;
  return [
    head,
    ...failed.map(
      ({ line, what, expected, reason }) =>
        `  ${pc.red('failed')} ${file}:${line}: ${what} should be ${expected}: ${reason}`,
    ),
  ].join('\n');
}
