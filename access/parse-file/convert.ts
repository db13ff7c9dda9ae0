/** Entries of the file in the form of the document: defaults filled in, rules with a name for people. */
import type { ChannelSection, FileConnection, ScopeSection, SecretSource, WorkspaceSection } from '../access-file.ts';
import type { Bundle, DomainEntry, Guardrail } from '../document.ts';
import type { BundleEntry, ConnectionEntry, DomainShape, GuardrailEntry, Section, WorkspaceEntry } from './schemas.ts';

const NO_SCOPE: ScopeSection = { enabled: true, bundles: [], instructions: '' };

/** A scope the file does not name is switched on and has nothing of its own. */
export function toScope(entry: Section | undefined): ScopeSection {
  if (!entry) return NO_SCOPE;
  return { enabled: entry.enabled, bundles: entry.bundles, instructions: entry.instructions.trim() };
}

/** `team` is null where the file gives no id. */
export function toWorkspace(entry: WorkspaceEntry | undefined, line: number): WorkspaceSection {
  return { ...toScope(entry), team: entry?.id ?? null, line };
}

/** `channel` is as written, a name or an id: who it is, is found out when the file is applied. */
export function toChannel(text: string, entry: Section, line: number): ChannelSection {
  return { ...toScope(entry), channel: { text, line, field: `channels.${text}` } };
}

export function toBundle(id: string, entry: BundleEntry): Bundle {
  return {
    id,
    connections: entry.connections,
    domains: entry.domains.map(toDomain),
    instructions: entry.instructions.trim(),
  };
}

function toDomain(entry: DomainShape): DomainEntry {
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
    transport,
    ownCredentials: entry['own-credentials'] ?? (transport === 'tunnel' ? 'pass' : 'strip'),
    priority,
  };
}

/** Domain entries have no name of their own; this is how decisions call them: `docs.a.test`, `GET a.test:8443/v1`. */
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

/** A connection is https always: a credential never travels in clear text. */
export function toConnection(id: string, entry: ConnectionEntry, line: number): FileConnection {
  const { host, priority, credential, methods = [], paths = [], addresses = [] } = entry;
  const isHeader = credential.kind === 'header';
  return {
    id,
    host,
    port: entry.port ?? 443,
    scheme: 'https',
    methods,
    paths,
    addresses,
    kind: credential.kind,
    header: isHeader ? credential.name : null,
    prefix: isHeader ? credential.prefix : '',
    priority,
    source: sourceOf(credential),
    line,
  };
}

function sourceOf({ fromEnv, fromFile }: ConnectionEntry['credential']): SecretSource {
  if (fromEnv !== undefined) return { from: 'environment', name: fromEnv };
  if (fromFile !== undefined) return { from: 'file', path: fromFile };
  return { from: 'stored' };
}

/** `port: null` means every port. */
export function toGuardrail(id: string, entry: GuardrailEntry): Guardrail {
  const { host, port = null, methods = [], paths = [], reason } = entry;
  return { id, host, port, methods, paths, reason: reason.trim() };
}
