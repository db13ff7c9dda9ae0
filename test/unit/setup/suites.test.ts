import path from 'node:path';
import { ROOT } from '../../../setup/host/home.ts';
import { againAlone, selectSuites } from '../../runner/suites.ts';

const names = (args: readonly string[]) => selectSuites(args).map(({ name, paths }) => [name, ...paths]);

describe('`npm test` with arguments', () => {
  it('runs all suites in order without any', () => {
    expect(names([])).toEqual([
      ['unit', 'test/unit'],
      ['integration', 'test/integration'],
      ['workflows', 'test/workflows'],
      ['e2e', 'test/e2e'],
      ['measured', 'test/measured'],
    ]);
  });

  it('runs the suites that the paths belong to', () => {
    expect(names(['test/unit/proxy', 'test/e2e/tour.test.ts'])).toEqual([
      ['unit', 'test/unit/proxy'],
      ['e2e', 'test/e2e/tour.test.ts'],
    ]);
  });

  it('judges figures when nothing else runs', () => {
    const alone = selectSuites([]).filter(({ lane }) => lane === 'alone');
    expect(alone.map(({ name }) => name)).toEqual(['measured']);
  });

  it('hands options to jest', () => {
    expect(selectSuites(['--', '--bail', 'test/unit'])[0]?.options).toContain('--bail');
  });

  it('refuses a path without tests', () => {
    expect(() => selectSuites(['docs'])).toThrow('no tests at docs');
  });
});

describe('what a whole run repeats alone', () => {
  const [unit, integration] = selectSuites([]);
  const file = (name: string) => path.join(ROOT, 'test', name);
  const results = (...failed: string[][]) =>
    [unit, integration].flatMap((suite, n) =>
      suite ? [{ suite, failedFiles: (failed[n] ?? []).map((name) => ({ file: file(name) })) }] : [],
    );

  it('is each file that failed, with the options of its suite', () => {
    expect(againAlone(results(['unit/a.test.ts'], ['integration/b.test.ts']))).toEqual([
      { ...unit, lane: 'alone', paths: ['test/unit/a.test.ts'], options: ['--maxWorkers=2', '--runTestsByPath'] },
      {
        ...integration,
        lane: 'alone',
        paths: ['test/integration/b.test.ts'],
        options: ['--runInBand', '--runTestsByPath'],
      },
    ]);
  });

  it('is nothing where all passed, and nothing where many files failed', () => {
    expect(againAlone(results())).toEqual([]);
    expect(againAlone(results(['a', 'b', 'c'], ['d', 'e', 'f']))).toEqual([]);
  });
});
