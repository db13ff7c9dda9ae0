import type { AccessFile } from '../access-file.ts';
import { overlapProblems } from './overlaps.ts';
import { byLine, type FileProblem } from './problem.ts';
import { readSections } from './read-sections.ts';
import { readYaml } from './read-yaml.ts';
import { referenceProblems, unusedWarnings } from './references.ts';

export interface ParsedAccessFile {
  readonly file: AccessFile;
  readonly warnings: readonly FileProblem[];
}

/**
 * Reads `bellhop.yaml`. Either all of it is right, or everything that is wrong with it is told at once, in the order
 * of its lines.
 *
 * @param now decides whether a single run lies in the past
 */
export function parseAccessFile(text: string, now: Date): ParsedAccessFile | { readonly problems: FileProblem[] } {
  const yaml = readYaml(text);
  if ('problems' in yaml) return yaml;
  const read = readSections(yaml, now);
  const problems = [...read.problems, ...referenceProblems(read.root, yaml), ...overlapProblems(read.file, yaml)];
  if (problems.length > 0) return { problems: problems.sort(byLine) };
  return { file: read.file, warnings: [...read.warnings, ...unusedWarnings(read.file, yaml)].sort(byLine) };
}
