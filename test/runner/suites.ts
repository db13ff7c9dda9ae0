import path from 'node:path';
import { ROOT } from '../../setup/host/home.ts';

export interface Suite {
  readonly name: string;
  /** Paths below the checkout, as jest matches them. */
  readonly paths: readonly string[];
  readonly options: readonly string[];
}

/**
 * Unit tests share nothing and run side by side. The others share one Docker Engine and one Temporal server and measure times, so
 * each file has the machine for itself.
 */
const SUITES = [
  { name: 'unit', options: ['--maxWorkers=2'] },
  { name: 'integration', options: ['--runInBand'] },
  // In a process of its own: a Temporal worker that runs workflows in this process leaves its promise hooks behind.
  { name: 'workflows', options: ['--runInBand'] },
  { name: 'e2e', options: ['--runInBand'] },
] as const;

/** All suites, or those to which the given paths belong. What begins with a dash goes to jest. */
export function selectSuites(args: readonly string[]): Suite[] {
  const options = args.filter((arg) => arg.startsWith('-') && arg !== '--');
  const paths = args.filter((arg) => !arg.startsWith('-')).map((arg) => path.relative(ROOT, path.resolve(arg)));
  const selected = SUITES.map(({ name, options: own }) => {
    const folder = path.join('test', name);
    const belongs = (each: string) =>
      each === folder || each.startsWith(`${folder}${path.sep}`) || folder.startsWith(each);
    return { name, paths: paths.length === 0 ? [folder] : paths.filter(belongs), options: [...own, ...options] };
  }).filter((suite) => suite.paths.length > 0);
  if (selected.length === 0) throw new Error(`no tests at ${paths.join(', ')}`);
  return selected;
}
