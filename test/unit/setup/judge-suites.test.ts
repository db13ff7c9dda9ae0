import { type FailedFile, type Judged, judgeSuites } from '../../runner/judge-suites.ts';
import { selectSuites } from '../../runner/suites.ts';

const [unit, integration] = selectSuites([]);
if (!unit || !integration) throw new Error('these two suites are always there');

const ran = (suite: typeof unit, failed: readonly FailedFile[], passed: readonly string[] = []): Judged => ({
  suite,
  failed: failed.reduce((sum, { tests }) => sum + tests, 0),
  failedFiles: failed,
  passedFiles: passed,
});

const A = { file: '/a.test.ts', tests: 2 };
const B = { file: '/b.test.ts', tests: 3 };

describe('how many tests count as failed', () => {
  it('is as many as failed where nothing was repeated', () => {
    expect(judgeSuites([ran(unit, [A]), ran(integration, [B])], [])).toEqual({ failed: 5, unsteady: [] });
  });

  it('is none for a file that passes alone, though another file of its suite fails again', () => {
    const again = ran(unit, [{ ...B, tests: 1 }], [A.file]);
    expect(judgeSuites([ran(unit, [A, B])], [again])).toEqual({ failed: 3, unsteady: [A.file] });
  });

  it('is none where all that failed passes alone', () => {
    const again = [ran(unit, [], [A.file]), ran(integration, [], [B.file])];
    const unsteady = [A.file, B.file];
    expect(judgeSuites([ran(unit, [A]), ran(integration, [B])], again)).toEqual({ failed: 0, unsteady });
  });

  it('keeps the failures of a file that the second run did not run', () => {
    expect(judgeSuites([ran(unit, [A])], [{ ...ran(unit, []), failed: 1 }])).toEqual({ failed: 2, unsteady: [] });
  });

  it('keeps a failure of the second run that belongs to no file', () => {
    const again = { ...ran(unit, [], [A.file]), failed: 1 };
    expect(judgeSuites([ran(unit, [A])], [again])).toEqual({ failed: 1, unsteady: [A.file] });
  });

  it('keeps what failed in a suite that was not repeated, such as a test that was left out', () => {
    const skipped = { ...ran(integration, []), failed: 1 };
    expect(judgeSuites([ran(unit, [A]), skipped], [ran(unit, [], [A.file])])).toEqual({
      failed: 1,
      unsteady: [A.file],
    });
  });
});
