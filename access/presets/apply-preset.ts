import { didYouMean } from '../near-names.ts';
import { CLOUDS } from './clouds.ts';
import { DATA } from './data.ts';
import { FORGES } from './forges.ts';
import type { Preset, PresetOAuth } from './preset.ts';
import { TRACKERS } from './trackers.ts';

export const PRESETS: Readonly<Record<string, Preset>> = { ...FORGES, ...TRACKERS, ...DATA, ...CLOUDS };

type Entry = Readonly<Record<string, unknown>>;

export interface PresetProblem {
  /** Below the connection: `preset`, `project`, `credential.kind`. */
  readonly field: string;
  readonly message: string;
}

/**
 * Fills in a connection that names a preset, in the words of the file. The result is read and checked like any other
 * connection.
 *
 * - The preset's fields are taken out: they are in its hosts and paths now.
 * - Rules of the file come before those of the preset. A `deny` of either wins.
 * - `methods` and `paths` beside the preset narrow what the preset injects: a rule is kept only for what both allow.
 * - `addresses` beside the preset count for each of its rules that allow something.
 * - The credential keeps what the file says of it, and gets the rest from the preset.
 *
 * @param entry a connection as it stands in the file, with a key `preset`
 * @example
 *   applyPreset({ preset: 'bigquery', project: 'acme-analytics', credential: { kind: 'gcp', fromFile: 'key.json' } })
 *   // { entry: { preset: 'bigquery', rules: [...], test: 'GET https://bigquery...', credential: { scopes: [...], ... } } }
 */
export function applyPreset(
  entry: Entry,
): { readonly entry: Entry; readonly oauth: PresetOAuth | null } | { readonly problems: readonly PresetProblem[] } {
  const name = String(entry.preset);
  const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
  if (!preset) {
    const known = Object.keys(PRESETS);
    return {
      problems: [
        {
          field: 'preset',
          message: `there is no preset ${name}${didYouMean(name, known)}; known are ${known.join(', ')}`,
        },
      ],
    };
  }
  const { values, problems } = readFields(preset, entry);
  const credential = readCredential(preset, entry.credential, problems);
  if (entry.host !== undefined && !preset.fields.host) {
    problems.push({ field: 'host', message: `the preset ${name} says the host: leave it out, or write a rule` });
  }
  if (problems.length > 0) return { problems };
  const fill = (value: unknown): unknown => fillIn(value, values);
  const { methods, paths, addresses, ...rest } = Object.fromEntries(
    Object.entries(entry).filter(([key]) => !Object.hasOwn(preset.fields, key)),
  );
  const narrowed = preset.rules
    .flatMap((rule) => narrow(fill(rule) as Entry, methods, paths))
    .map((rule) => (addresses === undefined || rule.deny !== undefined ? rule : { ...rule, addresses }));
  return {
    entry: {
      test: fill(preset.test),
      ...rest,
      rules: [...(Array.isArray(entry.rules) ? entry.rules : []), ...narrowed],
      credential: { ...(fill(credential) as Entry), ...(entry.credential as Entry) },
    },
    oauth: preset.oauth ? (fill(preset.oauth) as PresetOAuth) : null,
  };
}

function readFields(preset: Preset, entry: Entry): { values: Map<string, string>; problems: PresetProblem[] } {
  const values = new Map<string, string>();
  const problems: PresetProblem[] = [];
  for (const [field, { about, pattern, example, default: usual }] of Object.entries(preset.fields)) {
    const value = entry[field] ?? usual;
    if (value === undefined) problems.push({ field, message: `is missing: ${about}, such as ${example}` });
    else if (typeof value !== 'string' || !pattern.test(value)) {
      problems.push({ field, message: `must be ${about}, such as ${example}` });
    } else values.set(field, value);
  }
  return { values, problems };
}

function readCredential(preset: Preset, written: unknown, problems: PresetProblem[]): Entry {
  const kind = (written as Entry | undefined)?.kind ?? preset.credentials[0].kind;
  const found = preset.credentials.find((each) => each.kind === kind);
  if (found) return found;
  const kinds = preset.credentials.map((each) => each.kind).join(' or ');
  problems.push({ field: 'credential.kind', message: `${preset.title} takes ${kinds}` });
  return {};
}

const READ = ['GET', 'HEAD', 'OPTIONS'];

/** What both the preset's rule and the file allow. A `deny` is never narrowed. Nothing where they have nothing in common. */
function narrow(rule: Entry, methods: unknown, paths: unknown): Entry[] {
  if (rule.deny !== undefined || (methods === undefined && paths === undefined)) return [rule];
  const common = { methods: commonMethods(rule.methods, methods), paths: commonPaths(rule.paths, paths) };
  if (common.methods?.length === 0 || common.paths?.length === 0) return [];
  const { methods: _methods, paths: _paths, ...hosts } = rule;
  return [
    { ...hosts, ...(common.methods && { methods: common.methods }), ...(common.paths && { paths: common.paths }) },
  ];
}

/** Undefined means every method. */
function commonMethods(a: unknown, b: unknown): readonly unknown[] | undefined {
  const [first, second] = [methodList(a), methodList(b)];
  if (!first || !second) return first ?? second;
  return first.filter((method) => second.includes(method));
}

function methodList(value: unknown): readonly unknown[] | undefined {
  if (value === 'read') return READ;
  return Array.isArray(value) ? value : undefined;
}

/** Of two prefixes the longer one is what both cover. */
function commonPaths(a: unknown, b: unknown): readonly string[] | undefined {
  const [first, second] = [a, b].map((value) => (Array.isArray(value) ? value.map(String) : undefined));
  if (!first || !second) return first ?? second;
  const under = (path: string, prefix: string) =>
    prefix === '/' || path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
  return [
    ...first.filter((path) => second.some((prefix) => under(path, prefix))),
    ...second.filter((path) => first.some((prefix) => path !== prefix && under(path, prefix))),
  ];
}

function fillIn(value: unknown, values: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string')
    return value.replace(/\{([a-z-]+)\}/g, (whole, name: string) => values.get(name) ?? whole);
  if (Array.isArray(value)) return value.map((each) => fillIn(each, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fillIn(each, values)]));
}
