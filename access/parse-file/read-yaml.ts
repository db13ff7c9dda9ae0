import { type Document, isMap, isNode, isPair, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { FilePath, FileProblem } from './problem.ts';

/** A YAML text that parsed, with the line of everything in it. */
export interface YamlText {
  readonly content: unknown;
  /** Line of the value at a path; of the nearest thing around it where there is none. */
  lineOf(path: FilePath): number;
  /** Line of a key, such as one that should not be there. */
  lineOfKey(path: FilePath): number;
}

const MAX_LENGTH = 1_000_000;

/** Reads YAML 1.2. Duplicate keys, unknown tags and alias bombs are problems like any other. */
export function readYaml(text: string): YamlText | { readonly problems: FileProblem[] } {
  if (text.length > MAX_LENGTH) return { problems: [problem(1, `is longer than ${MAX_LENGTH} characters`)] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const problems = [...document.errors, ...document.warnings].map(({ pos, message }) =>
    problem(lines.linePos(pos[0]).line, message),
  );
  if (problems.length > 0) return { problems };
  const lineAt = (offset: number | undefined): number => (offset === undefined ? 1 : lines.linePos(offset).line);
  try {
    return {
      content: document.toJS(),
      lineOf: (path) => lineAt(nodeAt(document, path)?.range?.[0]),
      lineOfKey: (path) => lineAt(keyAt(document, path)?.range?.[0] ?? nodeAt(document, path)?.range?.[0]),
    };
  } catch {
    return { problems: [problem(1, 'has aliases that unfold to more than a file should hold')] };
  }
}

/** The deepest node there is along a path. What lies behind an alias has the line of the alias. */
function nodeAt(document: Document, path: FilePath): Node | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node)) {
      // A nested map begins where its first key is; people look for the key it is under.
      return (isScalar(node) ? undefined : keyAt(document, path.slice(0, length))) ?? node;
    }
  }
  return undefined;
}

function keyAt(document: Document, path: FilePath): Node | undefined {
  const key = path.at(-1);
  const parent = path.length <= 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (typeof key !== 'string' || !isMap(parent)) return undefined;
  const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key);
  return pair && isNode(pair.key) ? pair.key : undefined;
}

function problem(line: number, message: string): FileProblem {
  return { line, field: '', message };
}
