import type { AccessFile } from '../access-file.ts';
import { didYouMean } from '../near-names.ts';
import { type FilePath, type FileProblem, fieldOf } from './problem.ts';
import { isMapping, type Root } from './read-root.ts';
import type { YamlText } from './read-yaml.ts';
import { scopePaths } from './scope-paths.ts';

/**
 * Names that name nothing, and names that stand twice. Looked up in what was written rather than in what could be
 * read, so that a mistake elsewhere in an entry hides none here.
 */
export function referenceProblems(root: Root, text: YamlText): FileProblem[] {
  const bundles = Object.keys(mappingOf(root.bundles));
  const connections = Object.keys(mappingOf(root.connections));
  const scopes: [FilePath, unknown][] = [
    [['organization'], root.organization],
    [['workspace'], root.workspace],
    ...entries('channels', root.channels),
  ];
  return [
    ...scopes.flatMap(([path, scope]) => unknownNames([...path, 'bundles'], mappingOf(scope).bundles, bundles, text)),
    ...entries('bundles', root.bundles).flatMap(([path, bundle]) =>
      unknownNames([...path, 'connections'], mappingOf(bundle).connections, connections, text),
    ),
  ];
}

function unknownNames(path: FilePath, list: unknown, known: readonly string[], text: YamlText): FileProblem[] {
  if (!Array.isArray(list)) return [];
  const kind = path.at(-1) === 'bundles' ? 'bundle' : 'connection';
  return list.flatMap((name: unknown, index) => {
    if (typeof name !== 'string') return [];
    const at = place([...path, index], text);
    if (!known.includes(name)) return [{ ...at, message: `there is no ${kind} ${name}${didYouMean(name, known)}` }];
    return list.indexOf(name) === index ? [] : [{ ...at, message: `${name} stands here twice` }];
  });
}

function entries(section: string, value: unknown): [FilePath, unknown][] {
  return Object.entries(mappingOf(value)).map(([key, entry]) => [[section, key], entry]);
}

function mappingOf(value: unknown): Record<string, unknown> {
  return isMapping(value) ? value : {};
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
