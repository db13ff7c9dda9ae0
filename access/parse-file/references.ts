import type { AccessFile } from '../access-file.ts';
import { didYouMean } from '../near-names.ts';
import { type FilePath, type FileProblem, fieldOf } from './problem.ts';
import type { EntryNames } from './read-sections.ts';
import type { YamlText } from './read-yaml.ts';
import { scopePaths } from './scope-paths.ts';

/** Names that name nothing, and names that stand twice. */
export function referenceProblems(file: AccessFile, names: EntryNames, text: YamlText): FileProblem[] {
  const lists = [
    ...scopePaths(file).map(({ section, path }) => ({
      kind: 'bundle',
      path: [...path, 'bundles'],
      used: section.bundles,
      known: names.bundles,
    })),
    ...file.bundles.map((bundle) => ({
      kind: 'connection',
      path: ['bundles', bundle.id, 'connections'],
      used: bundle.connections,
      known: names.connections,
    })),
  ];
  return lists.flatMap(({ kind, path, used, known }) =>
    used.flatMap((name, index) => {
      const at = (message: string) => [{ ...place([...path, index], text), message }];
      if (!known.includes(name)) return at(`there is no ${kind} ${name}${didYouMean(name, known)}`);
      return used.indexOf(name) === index ? [] : at(`${name} stands here twice`);
    }),
  );
}

/** What is written down and attached nowhere: allowed, and often a slip. */
export function unusedWarnings(file: AccessFile, text: YamlText): FileProblem[] {
  const attached = new Set(scopePaths(file).flatMap(({ section }) => section.bundles));
  const used = new Set(file.bundles.flatMap((bundle) => bundle.connections));
  return [
    ...file.bundles
      .filter(({ id }) => !attached.has(id))
      .map(({ id }) => ({ ...place(['bundles', id], text), message: 'is attached to no scope' })),
    ...file.connections
      .filter(({ id }) => !used.has(id))
      .map(({ id }) => ({ ...place(['connections', id], text), message: 'is in no bundle' })),
  ];
}

function place(path: FilePath, text: YamlText): Pick<FileProblem, 'line' | 'field'> {
  return { line: text.lineOf(path), field: fieldOf(path) };
}
