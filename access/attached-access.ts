import type { RegistryName } from '../contracts/registries.ts';
import type { ScopeKey } from '../contracts/scope.ts';
import type {
  EffectiveAccess,
  EffectiveCommandServer,
  EffectiveRegistry,
  EffectiveRepository,
  EffectiveRule,
  EffectiveServer,
  Origin,
} from './decision.ts';
import type { AccessDocument, Bundle, Connection, ScopeAccess } from './document.ts';
import { registryDomains } from './registries/registry-domains.ts';
import { priorityOf, ruleId } from './rule-match.ts';

/** What one scope has by itself, without broader scopes. */
export interface AttachedAccess {
  /** In the order of comparison. */
  readonly rules: readonly EffectiveRule[];
  readonly repositories: readonly EffectiveRepository[];
  readonly registries: readonly EffectiveRegistry[];
  /** Sorted by the names of their bundles. */
  readonly servers: readonly EffectiveServer[];
  readonly commandServers: readonly EffectiveCommandServer[];
  readonly instructions: EffectiveAccess['instructions'];
}

/** Bundles and connections by their names, and what registries and environments are. */
export interface DocumentParts extends Pick<AccessDocument, 'environments' | 'mirrors'> {
  readonly bundles: ReadonlyMap<string, Bundle>;
  readonly connections: ReadonlyMap<string, Connection>;
}

/** All bundles and connections, by name. {@link attachedAccess} reads only the attached ones. */
export function partsOf({
  bundles,
  connections,
  ...rest
}: Pick<AccessDocument, 'bundles' | 'connections' | 'environments' | 'mirrors'>): DocumentParts {
  const { environments = [], mirrors = {} } = rest;
  return {
    environments,
    bundles: new Map(bundles.map((bundle) => [bundle.id, bundle])),
    connections: new Map(connections.map((connection) => [connection.id, connection])),
    mirrors,
  };
}

type Attachment = Pick<ScopeAccess, 'scope' | 'label' | 'bundles' | 'instructions'>;

/**
 * Collects what is attached to a scope. Rules are in the order of comparison: every `deny` first, then by priority,
 * connections before domain entries. Rules with equal priority never overlap (parse-file/overlaps.ts); they are sorted
 * by name. The rules of one connection keep their order. Therefore the order of bundles makes no difference, except for
 * their instructions.
 */
export function attachedAccess(parts: DocumentParts, attachment: Attachment): AttachedAccess {
  const rules: EffectiveRule[] = [];
  const repositories: EffectiveRepository[] = [];
  const registries: EffectiveRegistry[] = [];
  const servers: EffectiveServer[] = [];
  const commandServers: EffectiveCommandServer[] = [];
  const seen = new Set<string>();
  /** Two bundles of one scope may share a connection or a registry. Its rules are listed once. */
  const isNew = (key: string) => !seen.has(key) && seen.add(key);

  for (const { bundle, origin } of bundlesOf(parts, attachment)) {
    for (const name of bundle.connections) {
      const connection = parts.connections.get(name);
      if (!connection || !isNew(`connection ${name}`)) continue;
      if (connection.mcp) {
        servers.push({ connection, ...connection.mcp, origin });
        continue;
      }
      for (const match of connection.rules) {
        rules.push({ from: 'connection', action: match.action, connection, match, origin });
      }
    }
    for (const { id, command, tools } of bundle.servers ?? []) {
      commandServers.push({ id, command, tools, origin });
    }
    for (const match of bundle.domains) rules.push({ from: 'domain', action: 'forward', match, origin });
    for (const registry of bundle.registries) {
      if (!isNew(`registry ${registry}`)) continue;
      registries.push({ registry, origin });
      rules.push(...registryRules(parts, registry, origin));
    }
    for (const grant of bundle.repositories) {
      const connection = parts.connections.get(grant.connection);
      if (connection) repositories.push({ grant, connection, origin });
    }
  }
  return {
    rules: rules.sort(inOrder),
    repositories,
    registries,
    servers,
    commandServers,
    instructions: instructionsOf(parts, attachment),
  };
}

/** What the build of an environment has: packages of its registries. */
export function buildAttached(parts: DocumentParts, scope: ScopeKey): AttachedAccess {
  const name = scope.slice('environment:'.length);
  const origin: Origin = { scope, scopeLabel: `environment ${name}`, bundle: 'registries' };
  const registries = parts.environments?.find((each) => each.name === name)?.registries ?? [];
  return {
    rules: registries.flatMap((registry) => registryRules(parts, registry, origin)).sort(inOrder),
    repositories: [],
    registries: registries.map((registry) => ({ registry, origin })),
    servers: [],
    commandServers: [],
    instructions: [],
  };
}

function registryRules({ mirrors = {} }: DocumentParts, registry: RegistryName, origin: Origin): EffectiveRule[] {
  return registryDomains(registry, mirrors).map((match) => ({ from: 'domain', action: 'forward', match, origin }));
}

interface AttachedBundle {
  readonly bundle: Bundle;
  readonly origin: Origin;
}

/** The bundles of a scope, sorted by name. */
function bundlesOf({ bundles }: DocumentParts, { scope, label, bundles: attached }: Attachment): AttachedBundle[] {
  return attached.toSorted().flatMap((id) => {
    const bundle = bundles.get(id);
    return bundle ? [{ bundle, origin: { scope, scopeLabel: label, bundle: id } }] : [];
  });
}

/** The order of comparison inside one scope. */
export function inOrder(a: EffectiveRule, b: EffectiveRule): number {
  const denials = Number(b.action === 'deny') - Number(a.action === 'deny');
  if (denials !== 0) return denials;
  const kinds = Number(a.from === 'domain') - Number(b.from === 'domain');
  return priorityOf(b) - priorityOf(a) || kinds || compare(ruleId(a), ruleId(b));
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** In the order of the file, because a later text may refine an earlier one. */
function instructionsOf({ bundles }: DocumentParts, scope: Attachment): EffectiveAccess['instructions'] {
  const own = { origin: scope.label, text: scope.instructions };
  const attached = scope.bundles.map((id) => ({
    origin: `${id} ← ${scope.label}`,
    text: bundles.get(id)?.instructions ?? '',
  }));
  return [own, ...attached].filter(({ text }) => text.trim() !== '');
}
