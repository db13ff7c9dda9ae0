import type { AccessFile } from '../access-file.ts';
import { overlapProblems } from './overlaps.ts';
import { byLine, type FileProblem } from './problem.ts';
import { readSections } from './read-sections.ts';
import { readYaml } from './read-yaml.ts';
import { referenceProblems, requesterWarnings, testProblems, unusedWarnings } from './references.ts';
import { repeatsNoToken, tokenProblems } from './token-problems.ts';
import { tunnelWarnings } from './tunnel-warnings.ts';

export interface ParsedAccessFile {
  readonly file: AccessFile;
  readonly warnings: readonly FileProblem[];
}

/**
 * Reads `bellhop.yaml`. Returns the file when all of it is right, otherwise every problem at once, sorted by line.
 *
 * @param now decides whether a single run lies in the past
 * @example
 *   parseAccessFile('organization: {}\nbundels: {}\n', new Date())
 *   // { problems: [{ line: 2, field: 'bundels', message: 'unknown key (did you mean bundles?); known here: ...' }] }
 */
export function parseAccessFile(text: string, now: Date): ParsedAccessFile | { readonly problems: FileProblem[] } {
  const yaml = readYaml(text);
  if ('problems' in yaml) return yaml;
  const read = readSections(yaml, now);
  const found = [
    ...read.problems,
    ...referenceProblems(read.root, yaml),
    ...testProblems(read.file, yaml),
    ...overlapProblems(read.file, yaml),
  ];
  const problems = [...found.filter(repeatsNoToken), ...tokenProblems(yaml)];
  if (problems.length > 0) return { problems: problems.sort(byLine) };
  const warnings = [
    ...read.warnings,
    ...unusedWarnings(read.file, yaml),
    ...requesterWarnings(read.file, yaml),
    ...tunnelWarnings(read.file),
  ];
  return { file: read.file, warnings: warnings.sort(byLine) };
}
