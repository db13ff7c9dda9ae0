import { z } from 'zod';
import { didYouMean } from '../near-names.ts';
import { byLine, type FilePath, type FileProblem, fieldOf } from './problem.ts';
import type { YamlText } from './read-yaml.ts';

/** A key that may not stand here, with the reason. */
export function notHere(reason: string): z.ZodOptional<z.ZodUndefined> {
  return z.undefined(reason).optional();
}

/** Whether a key of an entry is one of {@link notHere}. */
export function isNotHere(schema: unknown): boolean {
  return schema instanceof z.ZodOptional && schema.unwrap() instanceof z.ZodUndefined;
}

/** A mapping with these keys and no others. `hint` is added to the message about another key. */
export function entry<Shape extends z.ZodRawShape>(shape: Shape, hint = ''): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape).filter((key) => !isNotHere(shape[key]));
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const { keys } = issue as z.core.$ZodIssueUnrecognizedKeys;
      const meant = keys.length === 1 ? didYouMean(keys.join(), known) : '';
      return `unknown key${meant}; ${hint || `known here: ${known.join(', ')}`}`;
    },
  });
}

export interface ParsedEntry<T> {
  /** Absent when the entry cannot be read at all. */
  readonly value?: T;
  readonly problems: FileProblem[];
}

/**
 * Reads one entry of the file and reports every problem with its line. Unknown keys are reported and then removed, so
 * that the rest of the entry can still be read and checked.
 */
export function parseEntry<T>(schema: z.ZodType<T>, value: unknown, path: FilePath, text: YamlText): ParsedEntry<T> {
  const result = schema.safeParse(value, { error: inWords });
  if (result.success) return { value: result.data, problems: [] };
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue, path, text)).sort(byLine);
  const second = schema.safeParse(withoutUnknownKeys(value, result.error.issues), { error: inWords });
  return second.success ? { value: second.data, problems } : { problems };
}

function withoutUnknownKeys(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const copy: unknown = structuredClone(value);
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const parent = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], copy);
    for (const key of issue.keys) Reflect.deleteProperty(parent as object, key);
  }
  return copy;
}

function problemsOf(issue: z.core.$ZodIssue, at: FilePath, text: YamlText): FileProblem[] {
  const path = [...at, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  if (issue.code !== 'unrecognized_keys') {
    return [{ line: text.lineOf(path), field: fieldOf(path), message: issue.message }];
  }
  return issue.keys.map((key) => {
    const full = [...path, key];
    return { line: text.lineOfKey(full), field: fieldOf(full), message: issue.message };
  });
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping (key: value)',
  record: 'a mapping (key: value)',
};

/** Zod's issues in simpler words. They never quote the value, because it may be a secret in the wrong place. */
function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is missing';
      return `must be ${WORDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      if (issue.input === undefined) return 'is missing';
      return `must be ${issue.values.map(String).join(' or ')}`;
    case 'too_big':
      return `is longer than ${issue.maximum}`;
    default:
      return undefined;
  }
}
