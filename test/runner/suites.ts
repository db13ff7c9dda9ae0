import path from 'node:path';
import { ROOT } from '../../setup/host/home.ts';

export interface Suite {
  readonly name: string;
  /** Paths below the checkout, as jest matches them. */
  readonly paths: readonly string[];
  readonly options: readonly string[];
  readonly lane: Lane;
}

/**
 * Suites of one lane run one after the other. `inner` and `outer` run side by side, for two cores. `alone` runs when both are done:
 * its tests judge figures of time and memory, which another load on the machine would spoil.
 */
export type Lane = 'inner' | 'outer' | 'alone';

/**
 * What is tested from inside, whole installations, and figures. Every test file makes its own database, sandboxes and folders, so
 * files of different lanes do not meet; within a lane one file follows the other.
 */
const SUITES: readonly (Pick<Suite, 'name' | 'lane' | 'options'> & { readonly onlyNamed?: boolean })[] = [
  { name: 'unit', lane: 'inner', options: ['--maxWorkers=2'] },
  { name: 'integration', lane: 'inner', options: ['--runInBand'] },
  // In a process of its own: a Temporal worker that runs workflows in this process leaves its promise hooks behind.
  { name: 'workflows', lane: 'outer', options: ['--runInBand'] },
  { name: 'e2e', lane: 'outer', options: ['--runInBand'] },
  { name: 'measured', lane: 'alone', options: ['--runInBand'] },
  // Only when it is named: it needs a forge, which `npm run test:forge` builds.
  { name: 'forge', lane: 'outer', options: ['--runInBand'], onlyNamed: true },
];

/** All suites, or those to which the given paths belong. What begins with a dash goes to jest. */
export function selectSuites(args: readonly string[]): Suite[] {
  const options = args.filter((arg) => arg.startsWith('-') && arg !== '--');
  const paths = args.filter((arg) => !arg.startsWith('-')).map((arg) => path.relative(ROOT, path.resolve(arg)));
  const selected = SUITES.map(({ name, lane, options: own, onlyNamed = false }) => {
    const folder = path.join('test', name);
    const belongs = (each: string) =>
      each === folder || each.startsWith(`${folder}${path.sep}`) || (!onlyNamed && folder.startsWith(each));
    const all = onlyNamed ? [] : [folder];
    return { name, lane, paths: paths.length === 0 ? all : paths.filter(belongs), options: [...own, ...options] };
  }).filter((suite) => suite.paths.length > 0);
  if (selected.length === 0) throw new Error(`no tests at ${paths.join(', ')}`);
  return selected;
}

/** More failed files than this are no accident of the machine. */
const MOST_AGAIN = 5;

/**
 * What a run of whole suites repeats when nothing else runs any more: the few files that failed, each suite's on its own. Suites run side by
 * side on two cores, so a test that has a deadline can fail for another one's load. More than a few, and nothing is repeated.
 */
export function againAlone(
  results: readonly { readonly suite: Suite; readonly failedFiles: readonly { readonly file: string }[] }[],
): Suite[] {
  const failed = results.filter(({ failedFiles }) => failedFiles.length > 0);
  if (failed.flatMap(({ failedFiles }) => failedFiles).length > MOST_AGAIN) return [];
  return failed.map(({ suite, failedFiles }) => ({
    ...suite,
    lane: 'alone',
    paths: failedFiles.map(({ file }) => path.relative(ROOT, file)),
    options: [...suite.options, '--runTestsByPath'],
  }));
}
