import pc from 'picocolors';
import { columns } from '../../access/columns.ts';
import type { EnvironmentChange } from '../../access/environments/compare-environments.ts';
import { formatProblem } from '../../access/parse-file/problem.ts';
import type { ReachItem, ScopeReach } from '../../access/reach.ts';
import type { ReplayedChange } from '../../access/replay.ts';
import { changeWords } from '../apply/apply-text.ts';
import { shownName } from '../shown-name.ts';
import type { Plan, WaitingTools } from './plan-file.ts';
import { testsText } from './tests-text.ts';

const SIGNS = { added: pc.green('+'), changed: pc.yellow('~'), removed: pc.red('-') } as const;
/** More scopes than this, or more requests, are counted only. `--json` has all of them. */
const MOST_SHOWN = 50;

/** The output of `bellhop plan`: whose reach grows comes first. */
export function planText(plan: Plan): string {
  const { file, version, reach, environments, changes, tests, waiting, replayed, warnings } = plan;
  const grows = reach.filter(({ gained }) => gained.length > 0);
  const shrinks = reach.filter(({ lost }) => lost.length > 0);
  const sections = [
    changes.length === 0
      ? `${file} changes nothing in policy ${version}.`
      : `${file}, compared with policy ${version}, which is in force:`,
    grows.length > 0 ? reachText('Reach grows', pc.red('+'), grows, ({ gained }) => gained, file) : '',
    shrinks.length > 0 ? reachText('Reach shrinks', pc.green('-'), shrinks, ({ lost }) => lost, null) : '',
    environments.length > 0 ? environmentsText(environments) : '',
    changes.length > 0
      ? ['Changes', ...changes.map((each) => `  ${SIGNS[each.change]} ${changeWords(each)}`)].join('\n')
      : '',
    waiting.length > 0 ? waitingText(waiting) : '',
    tests.length > 0 ? testsText(file, tests) : '',
    replayed ? replayText(replayed.requests, replayed.changes) : '',
    warnings.map((warning) => `${pc.yellow('warning:')} ${formatProblem(file, warning)}`).join('\n'),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function reachText(
  title: string,
  sign: string,
  scopes: readonly ScopeReach[],
  itemsOf: (scope: ScopeReach) => readonly ReachItem[],
  file: string | null,
): string {
  // Scopes that differ in the same way are told together.
  const groups = Map.groupBy(scopes, (scope) => JSON.stringify(itemsOf(scope)));
  const texts = [...groups.values()].slice(0, MOST_SHOWN).map((group) => {
    const rows = (group[0] ? itemsOf(group[0]) : []).map(({ what, origin, line }) => [
      sign,
      what,
      origin,
      file !== null && line > 0 ? pc.dim(`${file}:${line}`) : '',
    ]);
    return `  ${labels(group)}\n${columns(rows, '    ')}`;
  });
  const left = groups.size - texts.length;
  return [`${pc.bold(title)}`, ...texts, ...(left > 0 ? [`  and ${left} more groups of scopes`] : [])].join('\n');
}

function waitingText(waiting: readonly WaitingTools[]): string {
  const rows = waiting.map(({ connection, tools }) => {
    const shown = tools.slice(0, MOST_SHOWN).map(({ name, state }) => `${shownName(name)} (${state})`);
    const left = tools.length - shown.length;
    return `  ${connection}: ${shown.join(', ')}${left > 0 ? `, and ${left} more` : ''}\n    ./bellhop connections approve ${connection}`;
  });
  return [pc.bold('Tools that wait until an administrator approves them'), ...rows].join('\n');
}

function environmentsText(environments: readonly EnvironmentChange[]): string {
  const groups = Map.groupBy(environments, ({ what }) => JSON.stringify(what));
  const texts = [...groups.values()]
    .slice(0, MOST_SHOWN)
    .map(
      (group) =>
        `  ${labels(group)}\n${(group[0]?.what ?? []).map((each) => `    ${SIGNS.changed} ${each}`).join('\n')}`,
    );
  const left = groups.size - texts.length;
  return [pc.bold('Sandboxes change'), ...texts, ...(left > 0 ? [`  and ${left} more groups of scopes`] : [])].join(
    '\n',
  );
}

function labels(group: readonly Pick<ScopeReach, 'scope' | 'label'>[]): string {
  const named = group
    .slice(0, 8)
    .map(({ scope, label }) => (scope === 'organization' ? 'organization: every channel' : label));
  return `${named.join(', ')}${group.length > named.length ? ` and ${group.length - named.length} more` : ''}`;
}

function replayText(requests: number, changes: readonly ReplayedChange[]): string {
  const total = changes.reduce((sum, { requests: each }) => sum + each, 0);
  const head = `Of ${requests} recorded requests, ${total} would be decided in another way.`;
  const rows = changes
    .slice(0, MOST_SHOWN)
    .map(({ outcome, now, method, scheme, host, path, scope, requests: each, reason }) => [
      `${outcome} → ${now}`,
      `${each} ×`,
      `${method} ${scheme}://${host}${path}`,
      scope,
      pc.dim(reason),
    ]);
  const left = changes.length - rows.length;
  return [head, ...(rows.length > 0 ? [columns(rows, '  ')] : []), ...(left > 0 ? [`  and ${left} more`] : [])].join(
    '\n',
  );
}
