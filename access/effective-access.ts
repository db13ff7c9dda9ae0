import { type ScopeKey, scopeChain, scopeKind } from '../contracts/scope.ts';
import { type AttachedAccess, attachedAccess, buildAttached, partsOf } from './attached-access.ts';
import type { EffectiveAccess, EffectiveRule, EffectiveServer, ForgeConnection } from './decision.ts';
import type { AccessDocument, NamedModel, PersonalOffer, ScopeAccess } from './document.ts';
import { forgesByNature } from './forge/forge-of-connection.ts';
import { type HostIndex, indexByHost } from './host-index.ts';
import { matchesHost } from './host-name.ts';
import { nearestModel } from './models/nearest-model.ts';
import { type HeldConnection, personalAccess } from './personal-access.ts';

/**
 * Computes everything that holds for a scope: its own bundles, then those of its workspace, then those of the
 * organization. A channel that the document does not name gets the access of its workspace and organization. A person's
 * scope gets only the person's own connections. The build of an environment may reach packages of its registries, and
 * nothing else. Guardrails hold for everybody.
 *
 * For many scopes or many requests of one document, use {@link indexAccess}.
 *
 * @param held what the person has connected; ignored in every other scope
 */
export function effectiveAccess(
  document: AccessDocument,
  scope: ScopeKey,
  held: readonly HeldConnection[] = [],
): EffectiveAccess {
  return indexAccess(document).effective(scope, held);
}

/** A document prepared for many scopes and many requests. */
export interface AccessIndex {
  /** The same as {@link effectiveAccess}. */
  effective(scope: ScopeKey, held?: readonly HeldConnection[]): EffectiveAccess;
  /**
   * What holds for a scope, narrowed to one host. Rules and guardrails for other hosts are left out, and so are
   * registries and instructions, which no decision reads. Every decision about this host is the same as by `effective`.
   */
  accessTo(host: string, scope: ScopeKey, held?: readonly HeldConnection[]): EffectiveAccess;
  /** What people may connect for themselves. */
  readonly offers: readonly PersonalOffer[];
  /** The models that the document names, and those among which a person chooses for themselves. */
  readonly models: readonly NamedModel[];
  readonly peopleModels: readonly string[];
  /** Why the agent may not work in a scope. Null: it may. */
  whyOff(scope: ScopeKey): Off | null;
}

/** What switches a scope off: `enabled: false`, `direct-messages: off`, `group-messages: off`. */
export type Off = 'disabled' | 'direct-messages' | 'group-messages';

interface PreparedScope extends AttachedAccess {
  /** Made at the first request. */
  byHost: HostIndex<EffectiveRule> | null;
}

/**
 * Prepares a document. What is attached to a scope is prepared when the scope is first asked for, and channels share what
 * is attached to their workspace and to the organization. Therefore memory grows with what is attached, and not with the
 * number of channels times what each of them may reach.
 */
export function indexAccess(document: AccessDocument): AccessIndex {
  const parts = partsOf(document);
  const scopes = new Map(document.scopes.map((each) => [each.scope, each]));
  const prepared = new Map<ScopeKey, PreparedScope>();
  const guardrails = indexByHost(document.guardrails, ({ host }) => host);
  const forges = forgesOf(document);

  function prepare(scope: ScopeKey): readonly PreparedScope[] {
    const known = prepared.get(scope);
    if (known) return [known];
    const named = scopes.get(scope);
    const isBuild = scopeKind(scope) === 'environment';
    // A scope that the document does not name has nothing of its own, and is not remembered: there is no end of them.
    if (!named && !isBuild) return [];
    const attached = named ? attachedAccess(parts, named) : buildAttached(parts, scope);
    const made = { ...attached, byHost: null };
    if (named) prepared.set(scope, made);
    return [made];
  }

  /** Most specific first. */
  const chainOf = (scope: ScopeKey) => scopeChain(scope).flatMap(prepare);

  return {
    whyOff: (scope) => whyOff(scope, scopes),
    offers: document.people?.offers ?? [],
    models: document.models ?? [],
    peopleModels: document.people?.models ?? [],
    effective(scope, held = []) {
      const chain = chainOf(scope);
      const model = nearestModel((each) => scopes.get(each)?.model, scope);
      const own = personalAccess(document.people, scope, held);
      return {
        scope,
        policyVersion: document.version,
        enabled: whyOff(scope, scopes) === null,
        guardrails: document.guardrails,
        repositoryGuardrails: document.repositoryGuardrails,
        toolGuardrails: document.toolGuardrails ?? [],
        rules: [...own.rules, ...chain.flatMap(({ rules }) => rules)],
        repositories: [...own.repositories, ...chain.flatMap(({ repositories }) => repositories)],
        forges: scopeKind(scope) === 'environment' ? [] : [...own.forges, ...forges],
        registries: chain.flatMap(({ registries }) => registries),
        ...(model !== undefined && { model }),
        servers: [...own.servers, ...serversOf(chain)],
        instructions: chain.toReversed().flatMap(({ instructions }) => instructions),
      };
    },
    accessTo(host, scope, held = []) {
      const chain = chainOf(scope);
      const own = personalAccess(document.people, scope, held);
      return {
        scope,
        policyVersion: document.version,
        enabled: whyOff(scope, scopes) === null,
        guardrails: guardrails.itemsFor(host),
        repositoryGuardrails: document.repositoryGuardrails,
        toolGuardrails: document.toolGuardrails ?? [],
        rules: [
          ...own.rules.filter(({ match }) => matchesHost(match.host, host)),
          ...chain.flatMap((each) => {
            each.byHost ??= indexByHost(each.rules, ({ match }) => match.host);
            return each.byHost.itemsFor(host);
          }),
        ],
        repositories: [...own.repositories, ...chain.flatMap(({ repositories }) => repositories)],
        forges: scopeKind(scope) === 'environment' ? [] : [...own.forges, ...forges],
        registries: [],
        servers: [...own.servers, ...serversOf(chain)],
        instructions: [],
      };
    },
  };
}

/** The same connection may be attached to several scopes. The most specific one counts. */
function serversOf(chain: readonly AttachedAccess[]): EffectiveServer[] {
  const all = chain.flatMap(({ servers }) => servers);
  if (all.length < 2) return all;
  return [...new Map(all.toReversed().map((each) => [each.connection.id, each])).values()].reverse();
}

function whyOff(scope: ScopeKey, scopes: ReadonlyMap<ScopeKey, ScopeAccess>): Off | null {
  const [kind, team] = scope.split(':');
  const nearest = <T>(read: (access: ScopeAccess) => T | undefined): T | undefined =>
    [scopes.get(`workspace:${team}`), scopes.get('organization')].map((each) => each && read(each)).find(isSaid);
  // Only one-to-one messages are on when nobody has said anything: a group has other people in it.
  if (kind === 'person' && nearest(({ directMessages }) => directMessages) === 'off') return 'direct-messages';
  if (kind === 'group-dm' && nearest(({ groupMessages }) => groupMessages) !== 'workspace') return 'group-messages';
  return isEnabled(scope, scopes) ? null : 'disabled';
}

function isSaid<T>(value: T | undefined): value is T {
  return value !== undefined;
}

/**
 * The most specific scope that says something decides. Therefore the organization can be off and single channels on.
 * What the organization says also holds for persons, who get none of its access. The build of an environment begins as
 * soon as a sandbox needs it, so only a scope that is switched on begins one.
 */
function isEnabled(scope: ScopeKey, scopes: ReadonlyMap<ScopeKey, ScopeAccess>): boolean {
  if (scopeKind(scope) === 'environment') return true;
  for (const key of scopeChain(scope)) {
    const said = scopes.get(key)?.enabled ?? null;
    if (said !== null) return said;
  }
  return scopes.get('organization')?.enabled ?? true;
}

/**
 * Every connection to a forge, each with its forge, once. A connection is one that some bundle names for repositories, or
 * whose preset or credential is a forge's. The latter stays one without any grant: taking its last grant away must not
 * open everything that its credential may reach.
 */
function forgesOf({ bundles, connections }: Pick<AccessDocument, 'bundles' | 'connections'>): ForgeConnection[] {
  const forges = new Map<string, ForgeConnection>();
  const add = (each: ForgeConnection) => forges.set(JSON.stringify([each.connection, each.forge]), each);
  const named = new Set<string>();
  for (const { connection, forge } of bundles.flatMap(({ repositories }) => repositories)) {
    named.add(connection);
    add({ connection, forge });
  }
  for (const connection of connections) {
    if (named.has(connection.id)) continue;
    for (const forge of forgesByNature(connection)) add({ connection: connection.id, forge });
  }
  return [...forges.values()];
}
