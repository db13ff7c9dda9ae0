import type { AccessFile } from '../access-file.ts';
import { attachedAccess, partsOf } from '../attached-access.ts';
import type { EffectiveRule } from '../decision.ts';
import { REGISTRY_PRIORITY } from '../registries/registry-domains.ts';
import { priorityOf, ruleId } from '../rule-match.ts';
import { commonRequest } from '../rule-overlap.ts';
import { type FileProblem, fieldOf } from './problem.ts';
import type { YamlText } from './read-yaml.ts';
import { scopePaths } from './scope-paths.ts';

/** Finds two rules of one scope that cover the same request with the same priority. Nothing says which one decides. */
export function overlapProblems(file: AccessFile, text: YamlText): FileProblem[] {
  const between = overlapsBetweenBundles(file);
  return scopePaths(file).flatMap(({ section, path }) => {
    const bundles = [...new Set(section.bundles)].sort();
    return bundles.flatMap((first, index) =>
      bundles.slice(index).flatMap((second) =>
        between(first, second).map((message) => {
          const field = [...path, 'bundles'];
          return { line: text.lineOf(field), field: fieldOf(field), message };
        }),
      ),
    );
  });
}

/** Many scopes have the same bundles, so each pair of bundles is compared once. The same name twice is the bundle itself. */
function overlapsBetweenBundles(file: AccessFile): (first: string, second: string) => readonly string[] {
  const connections = file.connections.map((connection) => ({ ...connection, ca: null, credentialVersion: 0 }));
  const parts = partsOf({ bundles: file.bundles, connections });
  const rules = new Map<string, readonly EffectiveRule[]>();
  const compared = new Map<string, readonly string[]>();

  function rulesOf(bundle: string): readonly EffectiveRule[] {
    const attachment = { scope: 'organization', label: '', bundles: [bundle], instructions: '' } as const;
    const known =
      rules.get(bundle) ?? attachedAccess(parts, attachment).rules.filter(({ action }) => action !== 'deny');
    rules.set(bundle, known);
    return known;
  }

  return (first, second) => {
    const pair = `${first} ${second}`;
    const known = compared.get(pair);
    if (known) return known;
    const found = rulesOf(first).flatMap((rule, index) =>
      (first === second ? rulesOf(first).slice(index + 1) : rulesOf(second)).flatMap((other) => overlap(rule, other)),
    );
    compared.set(pair, found);
    return found;
  };
}

function overlap(a: EffectiveRule, b: EffectiveRule): string[] {
  if (priorityOf(a) !== priorityOf(b) || isSame(a, b)) return [];
  const common = commonRequest(a.match, b.match);
  if (common === null) return [];
  const priority = priorityOf(a);
  return [
    `${named(a)} and ${named(b)} both cover ${common} with priority ${priority}: give one of them a higher priority`,
  ];
}

/** Whether both are rules of one connection, which are compared in their order, or both stand for registries. */
function isSame(a: EffectiveRule, b: EffectiveRule): boolean {
  return a.from === 'connection'
    ? b.from === 'connection' && a.connection.id === b.connection.id
    : isRegistry(a) && isRegistry(b);
}

function isRegistry(rule: EffectiveRule): boolean {
  return priorityOf(rule) === REGISTRY_PRIORITY;
}

function named(rule: EffectiveRule): string {
  const kind = rule.from === 'connection' ? 'connection' : 'domain entry';
  return `${kind} ${ruleId(rule)} (bundle ${rule.origin.bundle})`;
}
