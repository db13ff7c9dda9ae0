/** What a place reaches, in words for people. The command `access` and the Home tab say it; operators read it as `bellhop effective` has it. */
import type {
  EffectiveAccess,
  EffectiveCommandServer,
  EffectiveConnectionRule,
  EffectiveRule,
  EffectiveServer,
} from '../../access/decision.ts';
import type { Connection, RepositoryGrant, RuleMatch, ToolRules } from '../../access/document.ts';
import { PRESETS } from '../../access/presets/apply-preset.ts';
import { shadowsOf } from '../../access/shadows.ts';
import type { RegistryName } from '../../contracts/registries.ts';

/** What belongs together, under a heading. */
export interface ReachPart {
  readonly title: string;
  readonly lines: readonly string[];
}

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const MOST_PATHS = 3;
const PERSONAL = /^personal\//;
const PACKAGES: Readonly<Record<RegistryName, string>> = {
  npm: 'npm',
  pypi: 'PyPI',
  crates: 'crates.io',
  go: 'Go modules',
  maven: 'Maven',
  rubygems: 'RubyGems',
  debian: 'Debian',
};

/** `GitHub (acme-bot)`, `your own GitHub`, or the connection's name alone where nothing more is known of it. */
export function serviceName({ id, preset }: Pick<Connection, 'id' | 'preset'>): string {
  if (PERSONAL.test(id)) {
    const name = id.replace(PERSONAL, '');
    return `your own ${PRESETS[name]?.title ?? name}`;
  }
  const title = preset === null ? undefined : PRESETS[preset]?.title;
  return title === undefined || title.toLowerCase() === id ? (title ?? id) : `${title} (${id})`;
}

/** Services that are used with a credential, each once, as {@link serviceName} has them. */
export function servicesOf(access: EffectiveAccess): string[] {
  const used = [
    ...injectedRules(access).map(({ connection }) => connection),
    ...access.servers.map(({ connection }) => connection),
  ];
  return [...new Set(used.map(serviceName))];
}

/** Hosts that are reached without a credential, and not for packages alone. */
export function openHosts(access: EffectiveAccess): string[] {
  return [...new Set(access.rules.filter(isOpen).map(({ match }) => match.host))];
}

/** Packages that are read, by the names people know them by. */
export function packagesOf({ registries }: EffectiveAccess): string[] {
  return [...new Set(registries.map(({ registry }) => PACKAGES[registry]))];
}

/** All that holds for a place where the agent is switched on, part by part. */
export function reachParts(access: EffectiveAccess): ReachPart[] {
  const { repositories, servers, commandServers = [], model, models, instructions } = access;
  const packages = packagesOf(access);
  return [
    part('With a credential', serviceLines(access)),
    part('Git repositories, and no others', [...new Set(repositories.map(({ grant }) => grantLine(grant)))]),
    part('Tools', [...servers.map(serverLine), ...commandServers.map(commandLine)]),
    part('Without a credential', access.rules.filter(isOpen).map(openLine)),
    part('Packages', packages.length > 0 ? [`${packages.join(', ')}: only read`] : []),
    part('Never', neverLines(access)),
    part('Models', [
      ...(model === undefined ? [] : [`${model} answers`]),
      ...(models === undefined ? [] : [`you can choose for a thread: ${models.join(', ')}`]),
    ]),
    part(
      'What I am told to keep to here',
      instructions.map(({ text }) => text.replace(/\s+/g, ' ').trim()),
    ),
  ].filter(({ lines }) => lines.length > 0);
}

function part(title: string, lines: readonly string[]): ReachPart {
  return { title, lines: [...new Set(lines)] };
}

/** Whose name the work is done in. */
export function actsText({ scope, identity, mayAskFor = [] }: EffectiveAccess): string {
  if (scope.startsWith('person:')) return 'I act in your name here, with what you have connected yourself.';
  if (identity === 'requester')
    return 'I act in the name of the person who begins a thread here, with connections of their own. This is what somebody reaches who has connected all of them.';
  const asks = mayAskFor.map((name) => PRESETS[name]?.title ?? name).join(' or ');
  return `I act as myself here, no matter who asks.${asks ? ` Where that is not enough, I ask you alone whether I may use your own ${asks}.` : ''}`;
}

function isOpen(rule: EffectiveRule): boolean {
  return rule.action === 'forward' && !isOfRegistry(rule);
}

/** Packages are said by the name of their registry. */
function isOfRegistry(rule: EffectiveRule): boolean {
  return rule.from === 'domain' && rule.match.id.startsWith('registry ');
}

/** A line for each service and each thing that may be done there, hosts together. */
function serviceLines(access: EffectiveAccess): string[] {
  const gated = new Set(access.forges.map(({ connection }) => connection));
  const lines = new Map<string, string[]>();
  for (const rule of injectedRules(access)) {
    const may = gated.has(rule.connection.id) ? 'as the repositories below allow' : mayText(rule.match);
    const key = `${serviceName(rule.connection)}: ${may}`;
    lines.set(key, [...(lines.get(key) ?? []), placeText(rule.match)]);
  }
  return [...lines].map(([what, places]) => `${what}, at ${[...new Set(places)].join(', ')}`);
}

/** Rules with a credential. One that a narrower connection hides whole is not used. */
function injectedRules({ rules }: EffectiveAccess): EffectiveConnectionRule[] {
  return rules.filter(
    (rule): rule is EffectiveConnectionRule =>
      rule.from === 'connection' &&
      rule.action === 'inject' &&
      !shadowsOf(rule, rules).some(({ for: hidden }) => hidden === null),
  );
}

function openLine({ match }: EffectiveRule): string {
  return `${placeText(match)}: ${mayText(match)}`;
}

/** Where a rule or a guardrail holds. */
interface Place extends Pick<RuleMatch, 'host' | 'paths'> {
  readonly port: number | null;
  /** Absent: with TLS or without. */
  readonly scheme?: RuleMatch['scheme'];
}

/** `only read`, or `read and change` with the methods where not all of them count. */
function mayText({ methods }: Pick<RuleMatch, 'methods'>): string {
  if (methods.length === 0) return 'read and change';
  if (methods.every((method) => READING.has(method))) return 'only read';
  return methods.some((method) => READING.has(method))
    ? `read and change (${methods.join(', ')})`
    : `change (${methods.join(', ')})`;
}

function placeText({ host, port, scheme, paths }: Place): string {
  const usual = scheme === 'http' ? 80 : 443;
  const where = `${scheme === 'http' ? 'http://' : ''}${host}${port == null || port === usual ? '' : `:${port}`}`;
  if (paths.length === 0) return where;
  const more = paths.length > MOST_PATHS ? ` and ${paths.length - MOST_PATHS} more` : '';
  return `${where} (only ${paths.slice(0, MOST_PATHS).join(', ')}${more})`;
}

function grantLine({ repository, access, branches, connection }: RepositoryGrant): string {
  const may = {
    read: 'only read',
    propose: 'read, push to branches called bellhop/*, open draft pull requests; a person merges',
    write: `read, and push to ${branches.join(', ')}`,
  }[access];
  return `${repository}: ${may} (${connection.replace(PERSONAL, 'your own ')})`;
}

function serverLine({ connection, tools }: EffectiveServer): string {
  return `${serviceName(connection)}: ${toolsText(tools)}`;
}

function commandLine({ id, tools }: EffectiveCommandServer): string {
  return `${id}, in my sandbox: ${toolsText(tools)}`;
}

function toolsText({ allow, deny, read = [], approve = [] }: ToolRules): string {
  const names = (list: ToolRules['allow']) => list.map(({ pattern }) => pattern).join(', ');
  return [
    ...(allow.length > 0 ? [names(allow)] : []),
    ...(read.length > 0 ? [`${names(read)} as far as they only read`] : []),
    ...(approve.length > 0 ? [`${names(approve)} when somebody in the thread allows the call`] : []),
    ...(deny.length > 0 ? [`never ${names(deny)}`] : []),
  ].join('; ');
}

function neverLines(access: EffectiveAccess): string[] {
  const because = (reason: string) => (reason === '' ? '' : `: ${reason}`);
  const denied = access.rules.filter(({ action }) => action === 'deny');
  const hasTools = access.servers.length + (access.commandServers?.length ?? 0) > 0;
  return [
    ...access.guardrails.map(
      (each) => `${methodsText(each)}${placeText(each)}, anywhere${because(each.reason)} (${each.id})`,
    ),
    ...(access.repositories.length > 0 ? access.repositoryGuardrails : []).map(
      ({ operations, repository, reason, id }) =>
        `${operations.join(', ')} in ${repository === '*' ? 'any repository' : repository}${because(reason)} (${id})`,
    ),
    ...(hasTools ? access.toolGuardrails : []).map(
      ({ tools, server, reason, id }) =>
        `the tools ${tools.join(', ')} of ${server === '*' ? 'any server' : server}${because(reason)} (${id})`,
    ),
    ...denied.map(({ match }) => `${methodsText(match)}${placeText(match)}`),
    'everything that is not named here',
  ];
}

function methodsText({ methods }: Pick<RuleMatch, 'methods'>): string {
  return methods.length === 0 ? '' : `${methods.join(', ')} `;
}
