import type {
  AccessDocument,
  Bundle,
  Connection,
  ConnectionRule,
  DomainEntry,
  Guardrail,
  RuleMatch,
  ScopeAccess,
} from '../../access/document.ts';
import type { ScopeKey } from '../../contracts/scope.ts';

const MATCH = { port: 443, scheme: 'https', methods: [], paths: [], addresses: [], line: 0 } as const;

/** Builders of access documents: a test says only what it is about. A connection has one rule unless `rules` says more. */
export function connection(
  id: string,
  host: string,
  { port, scheme, methods, paths, addresses, line, ...rest }: Partial<Connection & RuleMatch> = {},
): Connection {
  const own = Object.entries({ port, scheme, methods, paths, addresses, line }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    id,
    preset: null,
    rules: [rule('inject', host, Object.fromEntries(own))],
    credential: { kind: 'bearer' },
    credentialVersion: 1,
    ca: null,
    test: null,
    priority: 0,
    ...rest,
  };
}

export function rule(
  action: ConnectionRule['action'],
  host: string,
  rest: Partial<ConnectionRule> = {},
): ConnectionRule {
  return { ...MATCH, action, host, ...rest };
}

export function domain(host: string, rest: Partial<DomainEntry> = {}): DomainEntry {
  return { id: host, host, ...MATCH, transport: 'intercept', ownCredentials: 'strip', priority: 0, ...rest };
}

export function guardrail(id: string, host: string, rest: Partial<Guardrail> = {}): Guardrail {
  return { id, host, port: null, methods: [], paths: [], line: 0, reason: '', ...rest };
}

export interface AttachedRules {
  readonly connections?: readonly Connection[];
  readonly domains?: readonly DomainEntry[];
  readonly enabled?: boolean | null;
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
    repositoryGuardrails: [],
    connections: connections.filter((each, index) => connections.indexOf(each) === index),
    bundles: attached.map(([scope, rules]) => bundleOf(scope, rules)),
    scopes: attached.map(([scope, rules]) => scopeOf(scope, rules)),
  };
}

function bundleOf(scope: ScopeKey, { connections = [], domains = [] }: AttachedRules): Bundle {
  return bundle(`bundle of ${scope}`, { connections: connections.map(({ id }) => id), domains });
}

export function bundle(id: string, rest: Partial<Bundle> = {}): Bundle {
  return { id, connections: [], domains: [], repositories: [], registries: [], instructions: '', ...rest };
}

function scopeOf(scope: ScopeKey, { enabled = null, instructions = '' }: AttachedRules): ScopeAccess {
  return { scope, label: scope, enabled, bundles: [`bundle of ${scope}`], instructions };
}
