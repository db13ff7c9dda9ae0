import type { AccessDocument, Bundle, Connection, DomainEntry, Guardrail, ScopeAccess } from '../../access/document.ts';
import type { ScopeKey } from '../../contracts/scope.ts';

/** Builders of access documents: a test says only what it is about. */
export function connection(id: string, host: string, rest: Partial<Connection> = {}): Connection {
  const match = { port: 443, scheme: 'https', methods: [], paths: [], addresses: [] } as const;
  return { id, host, ...match, kind: 'bearer', header: null, prefix: '', credentialVersion: 1, priority: 0, ...rest };
}

export function domain(host: string, rest: Partial<DomainEntry> = {}): DomainEntry {
  const match = { port: 443, scheme: 'https', methods: [], paths: [], addresses: [] } as const;
  return { id: host, host, ...match, transport: 'intercept', ownCredentials: 'strip', priority: 0, ...rest };
}

export function guardrail(id: string, host: string, rest: Partial<Guardrail> = {}): Guardrail {
  return { id, host, port: null, methods: [], paths: [], reason: '', ...rest };
}

export interface AttachedRules {
  readonly connections?: readonly Connection[];
  readonly domains?: readonly DomainEntry[];
  readonly enabled?: boolean;
  readonly instructions?: string;
}

/** A document with one bundle for each scope named, attached there: `bundle of <scope>`. */
export function documentOf(
  scopes: Partial<Record<ScopeKey, AttachedRules>>,
  guardrails: readonly Guardrail[] = [],
): AccessDocument {
  const attached = Object.entries(scopes) as [ScopeKey, AttachedRules][];
  const connections = attached.flatMap(([, rules]) => rules.connections ?? []);
  return {
    version: 1,
    guardrails,
    connections: connections.filter((each, index) => connections.indexOf(each) === index),
    bundles: attached.map(([scope, rules]) => bundleOf(scope, rules)),
    scopes: attached.map(([scope, rules]) => scopeOf(scope, rules)),
  };
}

function bundleOf(scope: ScopeKey, { connections = [], domains = [] }: AttachedRules): Bundle {
  return { id: `bundle of ${scope}`, connections: connections.map(({ id }) => id), domains, instructions: '' };
}

function scopeOf(scope: ScopeKey, { enabled = true, instructions = '' }: AttachedRules): ScopeAccess {
  return { scope, label: scope, enabled, bundles: [`bundle of ${scope}`], instructions };
}
