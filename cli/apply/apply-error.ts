import { type FileProblem, formatProblem } from '../../access/parse-file/problem.ts';

/** The file was not applied. Lists every problem with its line and field. */
export class ApplyError extends Error {
  override readonly name = 'ApplyError';
  readonly problems: readonly FileProblem[];

  constructor(file: string, problems: readonly FileProblem[]) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    const lines = problems.map((problem) => `  ${formatProblem(file, problem)}`);
    super([`${file} has ${count}; nothing was changed.`, ...lines].join('\n'));
    this.problems = problems;
  }
}
