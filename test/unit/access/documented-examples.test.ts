import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { problemsIn } from '../../support/access-yaml.ts';

const DOCS = path.join(import.meta.dirname, '../../../docs');
const PAGE = readFileSync(path.join(DOCS, 'configuration.md'), 'utf8');
const [SECTION = ''] = /## Access: `bellhop\.yaml`[\s\S]*?(?=\n## |$(?![\s\S]))/.exec(PAGE) ?? [];

/** The examples of a text, some of them indented as parts of a list. */
function examplesIn(text: string): string[] {
  return [...text.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm)].map(([, indent = '', yaml = '']) =>
    yaml.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}

/** Sections and entries that several examples show a part of become one. */
function merged(a: unknown, b: unknown): unknown {
  if (!isMapping(a) || !isMapping(b)) return b;
  return Object.fromEntries(
    Object.keys({ ...a, ...b }).map((key) => [key, key in a && key in b ? merged(a[key], b[key]) : (b[key] ?? a[key])]),
  );
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

test('the examples on the page of configuration make one file without a problem', () => {
  const wiki = { bundles: { wiki: { domains: ['wiki.acme.test'] } } };
  const file = examplesIn(SECTION)
    .map((yaml) => parse(yaml) as object)
    .reduce(merged, wiki) as object;
  expect(Object.keys(file).sort()).toEqual(
    [
      'bundles',
      'channels',
      'connections',
      'environments',
      'guardrails',
      'models',
      'organization',
      'people',
      'schedules',
      'tests',
      'workspace',
    ].sort(),
  );
  // An example of a bundle does not say where it is attached.
  const problems = problemsIn(stringify(file)).filter((problem) => !problem.endsWith('is attached to no scope'));
  expect(problems).toEqual([]);
});

test('the steps of the page on giving access make one file without a problem or a warning', () => {
  const text = readFileSync(path.join(DOCS, 'give-access.md'), 'utf8');
  const file = examplesIn(text)
    .map((yaml) => parse(yaml) as object)
    .reduce(merged, {}) as object;
  expect(Object.keys(file).sort()).toEqual(['bundles', 'channels', 'connections', 'guardrails', 'tests']);
  expect(problemsIn(stringify(file))).toEqual([]);
});
