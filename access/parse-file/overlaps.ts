import type { AccessFile } from '../access-file.ts';
import type { EffectiveRule } from '../decision.ts';
import { attachedRules } from '../effective-access.ts';
import { ruleId, ruleMatch } from '../rule-match.ts';
import { commonRequest } from '../rule-overlap.ts';
import { type FilePath, type FileProblem, fieldOf } from './problem.ts';
import type { YamlText } from './read-yaml.ts';
import { scopePaths } from './scope-paths.ts';

/** Two rules of one scope that cover the same request with the same priority: nobody could say which one decides. */
export function overlapProblems(file: AccessFile, text: YamlText): FileProblem[] {
  const connections = file.connections.map((connection) => ({ ...connection, credentialVersion: 0 }));
  return scopePaths(file).flatMap(({ section, path }) => {
    const attached = { scope: 'organization', label: '', ...section } as const;
    const rules = attachedRules({ bundles: file.bundles, connections }, attached);
    return rules.flatMap((rule, index) =>
      rules.slice(index + 1).flatMap((other) => overlap(rule, other, [...path, 'bundles'], text)),
    );
  });
}

function overlap(a: EffectiveRule, b: EffectiveRule, path: FilePath, text: YamlText): FileProblem[] {
  const match = ruleMatch(a);
  const common = priorityOf(a) === priorityOf(b) ? commonRequest(match, ruleMatch(b)) : null;
  if (common === null) return [];
  const message = `${named(a)} and ${named(b)} both cover ${common} with priority ${priorityOf(a)}: give one of them a higher priority`;
  return [{ line: text.lineOf(path), field: fieldOf(path), message }];
}

function priorityOf(rule: EffectiveRule): number {
  return rule.action === 'inject' ? rule.connection.priority : rule.domain.priority;
}

function named(rule: EffectiveRule): string {
  const kind = rule.action === 'inject' ? 'connection' : 'domain entry';
  return `${kind} ${ruleId(rule)} (bundle ${rule.origin.bundle})`;
}
