import type { ScopeKey } from '../contracts/scope.ts';
import { addressNotes, type KnownCeilings } from './ceilings.ts';
import { columns } from './columns.ts';
import type {
  EffectiveAccess,
  EffectiveCommandServer,
  EffectiveRepository,
  EffectiveRule,
  EffectiveServer,
} from './decision.ts';
import type { Guardrail, RuleMatch, ToolGuardrail, ToolRules } from './document.ts';
import { originOf, portText, priorityOf, ruleId } from './rule-match.ts';
import { outsidersSentence } from './sentences.ts';
import { shadowNotes, shadowsOf } from './shadows.ts';

/** How some words stand out, where the text is shown. */
export interface TextStyle {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
}

const PLAIN: TextStyle = { bold: (text) => text, dim: (text) => text };

/** Effective access for people: every rule in the order of comparison, with its origin. The command `access` in Slack says it in words of people (slack/commands/reach-words.ts). */
export function effectiveText(
  { label, scope }: { readonly label: string; readonly scope: ScopeKey },
  access: EffectiveAccess,
  style: TextStyle = PLAIN,
  ceilings?: KnownCeilings,
): string {
  const name = label === scope ? label : `${label} (${scope})`;
  const head = `${style.bold(name)}, policy ${access.policyVersion}`;
  const outsiders = outsidersSentence(access);
  if (!access.enabled) return `${head}\n\n${outsiders ?? 'Access is switched off here: everything is blocked.'}`;
  const whose = [
    ...(access.identity === 'requester'
      ? [
          'Sessions here act as the person who began them, with connections of their own. This is what a person reaches who has connected all of these:',
        ]
      : []),
    ...(access.mayAskFor
      ? [`The agent may ask the person who began a turn for connections of their own: ${access.mayAskFor.join(', ')}.`]
      : []),
  ];
  const rows = [
    ...access.guardrails.map(guardrailRow),
    ...access.rules.map((rule) => ruleRow(rule, access.rules, ceilings)),
  ];
  const repositories = access.repositories.map(repositoryRow);
  // A guardrail forbids what servers have; without a server it says nothing here.
  const forbidden =
    access.servers.length + (access.commandServers?.length ?? 0) === 0
      ? []
      : access.toolGuardrails.flatMap(toolGuardrailRows);
  const servers = [
    ...forbidden,
    ...access.servers.flatMap(serverRows),
    ...(access.commandServers ?? []).flatMap(commandRows),
  ];
  const rules = rows.length === 0 ? 'Everything is blocked.' : `${columns(rows)}\n\nEverything else is blocked.`;
  const instructions = access.instructions.map(
    ({ origin, text }) => `${style.dim(origin)}\n${text.replace(/^/gm, '  ')}`,
  );
  const granted = repositories.length === 0 ? [] : [`Of repositories, only:\n${columns(repositories, '  ')}`];
  return [
    head,
    ...(outsiders ? [outsiders] : []),
    ...whose,
    rules,
    ...granted,
    ...(servers.length === 0 ? [] : [`Tools of MCP servers, only:\n${columns(servers, '  ')}`]),
    ...(access.model === undefined ? [] : [`Model: ${access.model}`]),
    ...(access.models === undefined ? [] : [`Models to choose for a thread: ${access.models.join(', ')}`]),
    ...(access.listen === undefined ? [] : [LISTENS[access.listen]]),
    ...(instructions.length > 0 ? ['Instructions, broadest first:', ...instructions] : []),
  ].join('\n\n');
}

const LISTENS = {
  requester: 'In joined threads it listens to people who have mentioned it there, and to others when they mention it.',
  mentions: 'In joined threads it listens to mentions only.',
} as const;

const OUTCOMES = { inject: 'injected', forward: 'forwarded', deny: 'blocked' } as const;

function guardrailRow(guardrail: Guardrail): string[] {
  const where = `${methodsOf(guardrail)}${guardrail.host}${guardrail.port === null ? '' : `:${guardrail.port}`}`;
  return [
    'blocked',
    guardrail.id,
    `${where}${pathsOf(guardrail)}`,
    'guardrail ← organization',
    lined(guardrail.reason, guardrail.line),
  ];
}

/** The rules of a forge's connection say which hosts. What may be done there is said by the grants alone. */
function repositoryRow({ grant, origin }: EffectiveRepository): string[] {
  const { access, repository, branches, connection } = grant;
  const place = `${origin.bundle} ← ${origin.scopeLabel}`;
  return [access, repository, branches.join(', ') || (access === 'propose' ? 'bellhop/*' : ''), connection, place];
}

/** A row for each name, those that are denied first, because they win. */
function serverRows({ connection, url, tools, origin }: EffectiveServer): string[][] {
  const row = (word: string, { pattern, line }: { readonly pattern: string; readonly line: number }) => [
    word,
    `${connection.id}.${pattern}`,
    url,
    `${origin.bundle} ← ${origin.scopeLabel}`,
    [
      `${connection.credential.kind}, credential ${connection.credentialVersion}`,
      ...(line > 0 ? [`line ${line}`] : []),
    ].join(', '),
  ];
  return ruleRows(tools, row);
}

function ruleRows(tools: ToolRules, row: (word: string, each: ToolRules['allow'][number]) => string[]): string[][] {
  return [
    ...tools.deny.map((each) => row('blocked', each)),
    ...(tools.approve ?? []).map((each) => row('asked', each)),
    ...tools.allow.map((each) => row('allowed', each)),
    ...(tools.read ?? []).map((each) => row('reads', each)),
  ];
}

function commandRows({ id, command, tools, origin }: EffectiveCommandServer): string[][] {
  const row = (word: string, { pattern, line }: { readonly pattern: string; readonly line: number }) => [
    ...[word, `${id}.${pattern}`, `in the sandbox: ${command.join(' ')}`, `${origin.bundle} ← ${origin.scopeLabel}`],
    line > 0 ? `line ${line}` : '',
  ];
  return ruleRows(tools, row);
}

function toolGuardrailRows({ id, server, tools, reason }: ToolGuardrail): string[][] {
  return tools.map((pattern) => ['blocked', `${server}.${pattern}`, id, 'guardrail ← organization', reason]);
}

function ruleRow(rule: EffectiveRule, all: readonly EffectiveRule[], ceilings: KnownCeilings | undefined): string[] {
  const { match } = rule;
  const where = `${methodsOf(match)}${match.scheme}://${match.host}${portText(match)}${pathsOf(match)}`;
  return [OUTCOMES[rule.action], ruleId(rule), where, originOf(rule), notesOf(rule, all, ceilings)];
}

function notesOf(rule: EffectiveRule, all: readonly EffectiveRule[], ceilings: KnownCeilings | undefined): string {
  const notes = addressNotes(rule.match.addresses, ceilings);
  if (rule.from === 'domain') {
    const { transport, ownCredentials } = rule.match;
    if (transport === 'tunnel') notes.push('blind tunnel');
    else if (ownCredentials !== 'strip') notes.push(`own credentials: ${ownCredentials}`);
  } else if (rule.action === 'inject') {
    const { credential, credentialVersion } = rule.connection;
    notes.unshift(`${credential.kind}, credential ${credentialVersion}`);
  }
  const priority = priorityOf(rule);
  if (priority !== 0 && rule.action !== 'deny') notes.push(`priority ${priority}`);
  notes.push(...shadowNotes(shadowsOf(rule, all)));
  return lined(notes.join(', '), rule.match.line);
}

function lined(notes: string, line: number): string {
  return [notes, ...(line > 0 ? [`line ${line}`] : [])].filter((each) => each !== '').join(', ');
}

function methodsOf({ methods }: Pick<RuleMatch, 'methods'>): string {
  return methods.length === 0 ? '' : `${methods.join(',')} `;
}

function pathsOf({ paths }: Pick<RuleMatch, 'paths'>): string {
  return paths.join(',');
}
