/** Converts entries of the file to the form of the document: fills in defaults and names domain entries. */
import type {
  ChannelSection,
  FileConnection,
  FileExpectation,
  FileTest,
  ScopeSection,
  WorkspaceSection,
} from '../access-file.ts';
import type {
  Bundle,
  ChannelPattern,
  ConnectionRule,
  DomainEntry,
  Guardrail,
  RepositoryGrant,
  RepositoryGuardrail,
  ToolGuardrail,
} from '../document.ts';
import type { ConnectionEntry, RuleEntry } from './connection-schema.ts';
import { toCredential, toSource } from './credential-schema.ts';
import { mcpRule, toCommandServers, toMcp } from './mcp-schema.ts';
import { type FilePath, fieldOf } from './problem.ts';
import type {
  BroadSection,
  BundleEntry,
  DomainShape,
  GuardrailEntry,
  Section,
  TestEntry,
  WorkspaceEntry,
} from './schemas.ts';

/** The line of the file for a path below the entry. An empty path is the entry's own key. */
export type LineOf = (...path: FilePath) => number;

/** A scope that the file does not name has nothing of its own. */
export function toScope(entry: Section | BroadSection | undefined): ScopeSection {
  const { 'direct-messages': directMessages, 'group-messages': groupMessages } = entry ?? {};
  const { identity, personal, others, guests, 'shared-channels': sharedChannels } = entry ?? {};
  return {
    enabled: entry?.enabled ?? null,
    bundles: entry?.bundles ?? [],
    instructions: entry?.instructions.trim() ?? '',
    ...(entry?.environment !== undefined && { environment: entry.environment }),
    ...(entry?.model !== undefined && { model: entry.model }),
    ...(entry?.models !== undefined && { models: entry.models }),
    ...(entry?.listen !== undefined && { listen: entry.listen }),
    ...(directMessages !== undefined && { directMessages }),
    ...(groupMessages !== undefined && { groupMessages }),
    ...(guests !== undefined && { guests }),
    ...(sharedChannels !== undefined && { sharedChannels }),
    ...(identity !== undefined && { identity }),
    ...(personal !== undefined && { personal }),
    ...(others !== undefined && { others }),
  };
}

/** `team` is null when the file gives no id. */
export function toWorkspace(
  entry: BroadSection | WorkspaceEntry | undefined,
  team: string | null,
  path: FilePath,
  line: number,
): WorkspaceSection {
  return { ...toScope(entry), team, line, field: fieldOf(path) };
}

/** `text` is a name or an id as written. It is resolved to an id when the file is applied. */
export function toChannel(text: string, entry: Section, lineOf: LineOf): ChannelSection {
  return { ...toScope(entry), channel: { text, line: lineOf(), field: `channels.${text}` } };
}

/** The line is that of the key. */
export function toPattern(text: string, entry: Section, lineOf: LineOf): ChannelPattern {
  return { ...toScope(entry), pattern: text, line: lineOf() };
}

/**
 * A bundle as its entry says.
 * @param repositories what the entry grants in repositories, which is read before
 * @param lineOf for paths below the bundle
 */
export function toBundle(
  id: string,
  entry: BundleEntry,
  repositories: readonly RepositoryGrant[],
  lineOf: LineOf,
): Bundle {
  return {
    id,
    connections: entry.connections,
    domains: entry.domains.map((domain, index) => toDomain(domain, lineOf('domains', index))),
    repositories,
    registries: entry.registries,
    ...(Object.keys(entry.servers).length > 0 && { servers: toCommandServers(entry.servers, lineOf) }),
    instructions: entry.instructions.trim(),
  };
}

function toDomain(entry: DomainShape, line: number): DomainEntry {
  const { host, scheme, transport, priority, methods = [], paths = [], addresses = [] } = entry;
  const port = entry.port ?? (scheme === 'http' ? 80 : 443);
  return {
    id: domainId({ host, port, scheme, methods, paths }),
    host,
    port,
    scheme,
    methods,
    paths,
    addresses,
    line,
    transport,
    ownCredentials: entry['own-credentials'] ?? (transport === 'tunnel' ? 'pass' : 'strip'),
    priority,
  };
}

/** Domain entries have no name in the file. Decisions show this id: `docs.a.test`, `GET a.test:8443/v1`. */
function domainId({
  host,
  port,
  scheme,
  methods,
  paths,
}: Pick<DomainEntry, 'host' | 'port' | 'scheme' | 'methods' | 'paths'>): string {
  const usual = port === (scheme === 'http' ? 80 : 443);
  const where = `${scheme === 'http' ? 'http://' : ''}${host}${usual ? '' : `:${port}`}${paths.join(',')}`;
  return methods.length === 0 ? where : `${methods.join(',')} ${where}`;
}

/** The connection as its entry says, without its secret: `source` says where that is read. */
export function toConnection(id: string, entry: ConnectionEntry, lineOf: LineOf): FileConnection {
  const { preset = null, forge, ca = null, test = null, priority, credential } = entry;
  return {
    id,
    preset,
    ...(forge !== undefined && { forge }),
    ...toMcp(entry, lineOf),
    rules: rulesOf(entry, lineOf),
    credential: toCredential(credential),
    test,
    priority,
    source: toSource(credential),
    caFile: ca,
    line: lineOf(),
  };
}

function rulesOf({ host = '', port, rules, ...short }: ConnectionEntry, lineOf: LineOf): ConnectionRule[] {
  if (short.url !== undefined) return toRules(mcpRule(short.url, short.addresses), lineOf());
  if (rules === undefined) {
    const one = { ...short, inject: [host], ports: port === undefined ? undefined : [port] };
    return toRules(one, lineOf());
  }
  return rules.flatMap((rule, index) => toRules(rule, lineOf('rules', index)));
}

/**
 * One entry for each host and port. A connection always uses https, because a credential never travels in clear text.
 * A deny that names no ports holds for every port, because other connections and domain entries may open more of them.
 */
function toRules(entry: RuleEntry, line: number): ConnectionRule[] {
  const { inject, forward, deny, methods = [], paths = [], addresses = [] } = entry;
  const [action, hosts] = inject
    ? (['inject', inject] as const)
    : forward
      ? (['forward', forward] as const)
      : (['deny', deny ?? []] as const);
  const ports = entry.ports ?? [action === 'deny' ? null : 443];
  return hosts.flatMap((host) =>
    ports.map((port): ConnectionRule => ({ action, host, port, scheme: 'https', methods, paths, addresses, line })),
  );
}

/** `port: null` means every port. Null for a guardrail on repositories. */
export function toGuardrail(id: string, entry: GuardrailEntry, lineOf: LineOf): Guardrail | null {
  const { host, port = null, methods = [], paths = [], reason } = entry;
  return host === undefined ? null : { id, host, port, methods, paths, line: lineOf(), reason: reason.trim() };
}

/** Null for a guardrail on hosts. */
export function toRepositoryGuardrail(id: string, entry: GuardrailEntry, lineOf: LineOf): RepositoryGuardrail | null {
  const { repository, operations = [], reason } = entry;
  return repository === undefined ? null : { id, repository, operations, line: lineOf(), reason: reason.trim() };
}

/** Null for a guardrail on anything else. */
export function toToolGuardrail(id: string, entry: GuardrailEntry, lineOf: LineOf): ToolGuardrail | null {
  const { mcp, tools = [], reason } = entry;
  return mcp === undefined ? null : { id, server: mcp, tools, line: lineOf(), reason: reason.trim() };
}

/** `expect: injected by acme-api` has an outcome and the rule that decides. Without `by` any rule may. */
export function toTest(entry: TestEntry, path: FilePath, lineOf: LineOf): FileTest {
  const [outcome = '', by = null] = entry.expect.split(' by ');
  return {
    from: { text: entry.from, line: lineOf('from'), field: fieldOf([...path, 'from']) },
    asks: toQuestion(entry),
    expect: { outcome: outcome as FileExpectation['outcome'], by },
    line: lineOf(),
  };
}

function toQuestion({ request, push, tool }: TestEntry): FileTest['asks'] {
  if (request) return { kind: 'request', ...request };
  if (tool !== undefined) {
    const at = tool.indexOf('.');
    return { kind: 'tool', server: tool.slice(0, at), tool: tool.slice(at + 1) };
  }
  const [repository = '', branch = ''] = push?.split(' ') ?? [];
  return { kind: 'push', repository, branch };
}
