import type { Suite } from './suites.ts';

/** A file in which something failed. */
export interface FailedFile {
  /** Absolute path. */
  readonly file: string;
  /** How many of its tests failed. One for a file that did not even load. */
  readonly tests: number;
}

/** What a run of one suite says of its files. */
export interface Judged {
  readonly suite: Suite;
  readonly failed: number;
  /** Empty where a test was skipped, which no other run mends. */
  readonly failedFiles: readonly FailedFile[];
  /** Absolute paths. Empty where a test was skipped. */
  readonly passedFiles: readonly string[];
}

export interface Verdict {
  /** How many tests count as failed. */
  readonly failed: number;
  /** Absolute paths of the files that failed beside other work and passed alone. */
  readonly unsteady: readonly string[];
}

/**
 * Judges a run by its files: what failed first and passed alone is unsteady, and only what failed twice counts as failed.
 * @param again the second run of the files that failed, for each suite that was repeated
 */
export function judgeSuites(first: readonly Judged[], again: readonly Judged[]): Verdict {
  const verdicts = first.map((result) => {
    const second = again.find(({ suite }) => suite.name === result.suite.name);
    return second ? judgeTwo(result, second) : { failed: result.failed, unsteady: [] };
  });
  return {
    failed: verdicts.reduce((sum, { failed }) => sum + failed, 0),
    unsteady: verdicts.flatMap(({ unsteady }) => unsteady),
  };
}

function judgeTwo(first: Judged, second: Judged): Verdict {
  const passed = new Set(second.passedFiles);
  const twice = first.failedFiles.filter(({ file }) => !passed.has(file));
  const unsteady = first.failedFiles.flatMap(({ file }) => (passed.has(file) ? [file] : []));
  // A second run can fail as a whole although each of its files passed.
  const failed = twice.length === 0 ? second.failed : twice.reduce((sum, { tests }) => sum + tests, 0);
  return { failed, unsteady };
}
