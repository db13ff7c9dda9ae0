import type { AccessFile } from '../../access/access-file.ts';
import { parseAccessFile } from '../../access/parse-file/parse-access-file.ts';
import { formatProblem } from '../../access/parse-file/problem.ts';

/** A Monday; every test of files says what it finds as of then. */
export const NOW = new Date('2026-11-23T10:00:00Z');

/** What is wrong with a file, line by line as people see it; its warnings when it is right. */
export function problemsIn(text: string): string[] {
  const parsed = parseAccessFile(text, NOW);
  const found = 'problems' in parsed ? parsed.problems : parsed.warnings;
  return found.map((problem) => formatProblem('bellhop.yaml', problem));
}

/** A file that is right. */
export function fileOf(text: string): AccessFile {
  const parsed = parseAccessFile(text, NOW);
  if ('problems' in parsed) throw new Error(problemsIn(text).join('\n'));
  return parsed.file;
}
