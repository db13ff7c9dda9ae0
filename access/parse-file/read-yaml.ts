import {
  type Document,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
} from 'yaml';
import type { FilePath, FileProblem } from './problem.ts';

/** The content of a YAML text, with the lines of its keys and values. */
export interface YamlText {
  readonly content: unknown;
  /** The line of the value at a path. If the path does not exist, the line of its nearest existing parent. */
  lineOf(path: FilePath): number;
  /** The line of a key, such as one that should not be there. */
  lineOfKey(path: FilePath): number;
}

/** Ten thousand channels and five hundred bundles are one million characters. */
const MAX_LENGTH = 5_000_000;

/** Reads YAML 1.2. Duplicate keys, unknown tags and alias bombs become problems too. */
export function readYaml(text: string): YamlText | { readonly problems: FileProblem[] } {
  if (text.length > MAX_LENGTH) return { problems: [problem(1, `is longer than ${MAX_LENGTH} characters`)] };
  const lines = new LineCounter();
  // The library compares each key with every other one of its mapping. `repeatedKeys` finds the same with one look at each.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    uniqueKeys: false,
  });
  const problems = [
    ...[...document.errors, ...document.warnings].map(({ pos, message }) => ({ offset: pos[0], message })),
    ...repeatedKeys(document, (offset) => lines.linePos(offset).line),
  ].map(({ offset, message }) => problem(lines.linePos(offset).line, message));
  if (problems.length > 0) return { problems };
  const lineAt = (offset: number | undefined): number => (offset === undefined ? 1 : lines.linePos(offset).line);
  try {
    const tree = createTree(document);
    return {
      content: document.toJS(),
      lineOf: (path) => lineAt(tree.nodeAt(path)?.range?.[0]),
      lineOfKey: (path) => lineAt(tree.keyAt(path)?.range?.[0] ?? tree.nodeAt(path)?.range?.[0]),
    };
  } catch {
    return { problems: [problem(1, 'has aliases that unfold to more than a file should hold')] };
  }
}

/** Keys that their mapping has already. */
function repeatedKeys(document: Document, lineAt: (offset: number) => number) {
  const found: { readonly offset: number; readonly message: string }[] = [];
  visit(document, {
    Map(_, { items }) {
      const first = new Map<unknown, number>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const offset = key.range?.[0] ?? 0;
        const other = first.get(key.value);
        if (other === undefined) first.set(key.value, offset);
        else
          found.push({
            offset,
            message: `${key.value} stands in line ${lineAt(other)} already: write both in one entry`,
          });
      }
    },
  });
  return found;
}

interface Tree {
  /** The deepest existing node along a path. A value behind an alias has the line of the alias. */
  nodeAt(path: FilePath): Node | undefined;
  keyAt(path: FilePath): Node | undefined;
}

/** Finds nodes by their paths. The library searches a mapping from its beginning, which takes long in one of thousands. */
function createTree(document: Document): Tree {
  const pairs = new Map<YAMLMap, Map<string, Pair>>();

  function pairAt(parent: unknown, key: string | number | undefined): Pair | undefined {
    if (!isMap(parent) || typeof key !== 'string') return undefined;
    let known = pairs.get(parent);
    if (!known) {
      const items = parent.items.filter((item) => isPair(item) && isScalar(item.key));
      known = new Map(items.map((item) => [String((item.key as Scalar).value), item]));
      pairs.set(parent, known);
    }
    return known.get(key);
  }

  function childOf(parent: unknown, key: string | number): unknown {
    if (isSeq(parent)) return typeof key === 'number' ? parent.items[key] : undefined;
    return pairAt(parent, key)?.value;
  }

  /** The nodes along a path, as far as they exist. The first is the whole content. */
  function along(path: FilePath): unknown[] {
    const nodes: unknown[] = [document.contents];
    for (const key of path) {
      const next = childOf(nodes.at(-1), key);
      if (!isNode(next)) break;
      nodes.push(next);
    }
    return nodes;
  }

  function keyAt(path: FilePath): Node | undefined {
    const nodes = along(path.slice(0, -1));
    if (path.length === 0 || nodes.length < path.length) return undefined;
    const pair = pairAt(nodes.at(-1), path.at(-1));
    return pair && isNode(pair.key) ? pair.key : undefined;
  }

  return {
    keyAt,
    nodeAt(path) {
      const nodes = along(path);
      const node = nodes.at(-1);
      if (!isNode(node)) return undefined;
      // The parser says that a nested map begins at its first key. People look for the key above it.
      return (isScalar(node) ? undefined : keyAt(path.slice(0, nodes.length - 1))) ?? node;
    },
  };
}

function problem(line: number, message: string): FileProblem {
  return { line, field: '', message };
}
