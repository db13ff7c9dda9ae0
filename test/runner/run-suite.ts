import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ROOT } from '../../setup/host/home.ts';
import type { FailedFile, Judged } from './judge-suites.ts';
import type { Suite } from './suites.ts';

export interface SuiteResult extends Omit<Judged, 'suite'> {
  readonly passed: number;
  readonly ms: number;
}

/** What we read of jest's own result. */
interface JestResult {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  /** Files that did not even load. */
  readonly numRuntimeErrorTestSuites: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: 'passed' | 'failed' | 'skipped' | 'pending';
    /** Its tests. None of a file that did not even load. */
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** Runs one suite with its output on this terminal. A skipped test counts as failed: nothing is left out here. */
export async function runSuite(
  suite: Suite,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<SuiteResult> {
  const start = Date.now();
  const folder = await mkdtemp(path.join(environment.TMPDIR ?? os.tmpdir(), 'jest-result-'));
  try {
    const resultFile = path.join(folder, 'result.json');
    const jest = spawn(
      process.execPath,
      [
        path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'),
        ...suite.options,
        '--passWithNoTests',
        '--json',
        `--outputFile=${resultFile}`,
        ...suite.paths,
      ],
      // With --json jest prints the result to stdout as well; people read stderr.
      { cwd: ROOT, env: environment, stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const end = () => jest.kill('SIGKILL');
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    const [code] = (await once(jest, 'exit')) as [number | null];
    signal.removeEventListener('abort', end);
    signal.throwIfAborted();
    const counts = await readCounts(resultFile);
    const unexplained = code !== 0 && counts.failed === 0 ? 1 : 0;
    return { ...counts, failed: counts.failed + unexplained, ms: Date.now() - start };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readCounts(file: string): Promise<Omit<SuiteResult, 'ms'>> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return { passed: 0, failed: 0, failedFiles: [], passedFiles: [] };
  const result = JSON.parse(text) as JestResult;
  return {
    passed: result.numPassedTests,
    failed: result.numFailedTests + result.numRuntimeErrorTestSuites + result.numPendingTests,
    ...(result.numPendingTests > 0 ? { failedFiles: [], passedFiles: [] } : filesOf(result)),
  };
}

function filesOf({ testResults }: JestResult): { failedFiles: FailedFile[]; passedFiles: string[] } {
  return {
    failedFiles: testResults.flatMap(({ name, status, assertionResults }) => {
      const failed = assertionResults.filter((each) => each.status === 'failed').length;
      return status === 'failed' ? [{ file: name, tests: Math.max(1, failed) }] : [];
    }),
    passedFiles: testResults.flatMap(({ name, status }) => (status === 'passed' ? [name] : [])),
  };
}
