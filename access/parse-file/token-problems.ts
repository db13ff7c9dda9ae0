import { knownToken } from '../environments/secret-like.ts';
import { type FilePath, type FileProblem, fieldOf } from './problem.ts';
import type { YamlText } from './read-yaml.ts';

/**
 * Finds tokens of known forms anywhere in a file, in keys too. Many people read the file, and its texts reach the model,
 * images and logs. Secrets belong to where a connection takes them from.
 */
export function tokenProblems(text: YamlText): FileProblem[] {
  const problems: FileProblem[] = [];
  // What aliases repeat is one object. It is told where it stands first.
  const seen = new Set<unknown>();
  // Thousands of channels repeat the same names.
  const found = new Map<string, string | null>();

  function tokenIn(value: string): string | null {
    let what = found.get(value);
    if (what === undefined) {
      what = knownToken(value);
      found.set(value, what);
    }
    return what;
  }

  function look(value: unknown, path: FilePath): void {
    if (typeof value === 'string') {
      const what = tokenIn(value);
      if (what !== null) problems.push({ line: text.lineOf(path), field: fieldOf(path), message: messageOf(what) });
      return;
    }
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    const isList = Array.isArray(value);
    for (const [key, each] of Object.entries(value)) {
      const inside = [...path, isList ? Number(key) : key];
      const what = tokenIn(key);
      if (what === null) look(each, inside);
      // The field of a key is what it stands in, so that the key is not repeated.
      else problems.push({ line: text.lineOfKey(inside), field: fieldOf(path), message: messageOf(what) });
    }
  }

  look(text.content, []);
  return problems;
}

/** A mistake whose words would quote a token is left out. The token has a problem of its own. */
export function repeatsNoToken({ field, message }: FileProblem): boolean {
  return knownToken(field) === null && knownToken(message) === null;
}

function messageOf(what: string): string {
  return `looks like ${what}: a secret never stands in this file; a connection takes it by fromEnv, fromFile or fromCommand, or keeps the one that was entered`;
}
