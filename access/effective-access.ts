import { type Principal, principalOf, type ScopeKey, scopeChain, scopeKind } from '../contracts/scope.ts';
import { type AttachedAccess, attachedAccess, buildAttached, partsOf } from './attached-access.ts';
import type { EffectiveAccess, EffectiveRule, EffectiveServer, ForgeConnection } from './decision.ts';
import type { AccessDocument, Listen, NamedModel, ScopeAccess } from './document.ts';
import { forgesByNature } from './forge/forge-of-connection.ts';
import { type HostIndex, indexByHost, soughtHost } from './host-index.ts';
import { matchesHost } from './host-name.ts';
import { nearestName, nearestOf } from './nearest-name.ts';
import { type OutsiderVerdict, outsiderRules } from './outsiders.ts';
import type { PersonalOffer } from './people-access.ts';
import { type HeldConnection, hasNoCredentials, personalAccess } from './personal-access.ts';

/**
 * Computes everything that holds for a scope: its own bundles, then those of its workspace, then those of the
 * organization. A channel that the document does not name gets the access of its workspace and organization. A person's
 * scope gets only the person's own connections. The build of an environment may reach packages of its registries, and
 * nothing else. Guardrails hold for everybody.
 *
 * For many scopes or many requests of one document, use {@link indexAccess}.
 *
 * In a channel with `identity: requester`, and for a session that acts as a person anywhere else, what is attached gives no credential:
 * only its domain entries, registries and instructions count.
 *
 * @param held what the person has connected, or has allowed the agent to use; ignored where none of it may be used (personal-access.ts)
 * @param principal whom the session acts as
 */
export function effectiveAccess(
  document: AccessDocument,
  scope: ScopeKey,
  held: readonly HeldConnection[] = [],
  principal: Principal = principalOf(scope),
): EffectiveAccess {
  return indexAccess(document).effective(scope, held, principal);
}

/** What a channel says of the identity of its sessions. */
export interface RequesterChannel {
  /** `#my-code` */
  readonly label: string;
  /** Offers that may be used here. */
  readonly offers: readonly PersonalOffer[];
  /** Whether a person needs each of them; otherwise one is enough. */
  readonly needsAll: boolean;
  readonly others: 'never' | 'ask';
}

/** A document prepared for many scopes and many requests. */
export interface AccessIndex {
  /** The same as {@link effectiveAccess}. */
  effective(scope: ScopeKey, held?: readonly HeldConnection[], principal?: Principal): EffectiveAccess;
  /**
   * The same as {@link effective}, where nobody in particular asks: in a channel with `identity: requester`, what somebody has who has connected
   * all that may be used there.
   */
  forAnybody(scope: ScopeKey): EffectiveAccess;
  /** What people are shown of a scope: the same as {@link forAnybody} in a channel with `identity: requester`, else as {@link effective}. */
  shown(scope: ScopeKey, held?: readonly HeldConnection[]): EffectiveAccess;
  /** The same as {@link accessTo} for anybody. */
  accessOfAnybody(host: string, scope: ScopeKey): EffectiveAccess;
  /** What a channel with `identity: requester` says. Null for every other scope. */
  requesterChannel(scope: ScopeKey): RequesterChannel | null;
  /**
   * What holds for a scope, narrowed to one host. Rules and guardrails for other hosts are left out, and so are
   * registries and instructions, which no decision reads. Every decision about this host is the same as by `effective`.
   */
  accessTo(host: string, scope: ScopeKey, held?: readonly HeldConnection[], principal?: Principal): EffectiveAccess;
  /** What people may connect for themselves. */
  readonly offers: readonly PersonalOffer[];
  /** The models that the document names, and those among which a person chooses for themselves. */
  readonly models: readonly NamedModel[];
  readonly peopleModels: readonly string[];
  /** Channels that the document names, and those that are confirmed for a pattern. */
  readonly channels: readonly Pick<ScopeAccess, 'scope' | 'label'>[];
  /** The name of the model of a scope. Undefined: the document names none for it. */
  modelOf(scope: ScopeKey): string | undefined;
  /** The names of the models among which people choose for a thread of a scope. */
  modelChoices(scope: ScopeKey): readonly string[];
  /** Whose untagged words count in the joined threads of a scope: what the nearest scope says, else everyone's. */
  listenIn(scope: ScopeKey): Listen;
  /** Why the agent may not work in a scope. Null: it may. */
  whyOff(scope: ScopeKey): Off | null;
}

/**
 * What switches a scope off: `enabled: false`, `direct-messages: off`, `group-messages: off`, or outsiders in a channel where these are
 * refused.
 */
export type Off = 'disabled' | 'direct-messages' | 'group-messages' | OutsiderVerdict['because'];

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

  const outsidersOf = outsiderRules(document, scopes);

  /** Most specific first. Where outsiders narrow a channel, only what is attached to this very channel. */
  const chainOf = (scope: ScopeKey, isNarrowed: boolean) => (isNarrowed ? [scope] : scopeChain(scope)).flatMap(prepare);

  /** What was gathered for agents of scopes that the document names. Nothing of it depends on who asks. */
  const ofAgents = new Map<ScopeKey, ReturnType<typeof gatherAnew>>();

  /** What all forms of effective access have in common. */
  function gather(scope: ScopeKey, held: readonly HeldConnection[], principal: Principal) {
    if (held.length > 0 || !scopes.has(scope) || principal !== principalOf(scope))
      return gatherAnew(scope, held, principal);
    const known = ofAgents.get(scope) ?? gatherAnew(scope, held, principal);
    ofAgents.set(scope, known);
    return known;
  }

  function gatherAnew(scope: ScopeKey, held: readonly HeldConnection[], principal: Principal) {
    const place = { people: document.people, scope, principal, said: scopes.get(scope) };
    const outsiders = outsidersOf(scope);
    const isNarrowed = outsiders !== null && outsiders.rule !== 'allow';
    const chain = chainOf(scope, isNarrowed);
    const isBare = hasNoCredentials(place);
    const isRequester = place.said?.identity === 'requester' && scopeKind(scope) === 'channel';
    // What a person has allowed the agent of a channel to use is shown to all who are in it.
    const own = personalAccess(place, isNarrowed && !isRequester ? [] : held);
    const repositories = isBare ? [] : chain.flatMap((each) => each.repositories);
    const mayAskFor =
      document.people?.inChannels === 'ask' && scopeKind(scope) === 'channel' && !isBare && !isNarrowed
        ? document.people.offers.map(({ name }) => name)
        : [];
    return {
      chain,
      own,
      /** Without rules that attach a credential, where none is attached. */
      fitting: (rules: readonly EffectiveRule[]) => (isBare ? rules.filter(({ from }) => from === 'domain') : rules),
      shared: {
        scope,
        ...(isRequester && { identity: 'requester' as const }),
        ...(isRequester && place.said?.others === 'ask' && { others: 'ask' as const }),
        ...(mayAskFor.length > 0 && { mayAskFor }),
        policyVersion: document.version,
        enabled: outsiders?.rule !== 'refuse' && whyOff(scope, scopes) === null,
        ...(outsiders && { outsiders }),
        repositoryGuardrails: document.repositoryGuardrails,
        toolGuardrails: document.toolGuardrails ?? [],
        repositories: [...own.repositories, ...repositories],
        forges: scopeKind(scope) === 'environment' ? [] : [...own.forges, ...forges],
        servers: [...own.servers, ...(isBare ? [] : serversOf(chain))],
        // They hold no credential.
        ...commandServersOf(chain),
      },
    };
  }

  function requesterChannel(scope: ScopeKey): RequesterChannel | null {
    const said = scopes.get(scope);
    if (said?.identity !== 'requester' || scopeKind(scope) !== 'channel') return null;
    const { label, personal, others = 'never' } = said;
    const offers = (document.people?.offers ?? []).filter(({ name }) => personal?.includes(name) ?? true);
    return { label, offers, needsAll: personal !== undefined, others };
  }

  function listenIn(scope: ScopeKey): Listen {
    return nearestOf((each) => scopes.get(each)?.listen, scope) ?? 'everyone';
  }

  /** Somebody who has connected all that may be used in a scope. */
  function anybody(scope: ScopeKey): [HeldConnection[], Principal] {
    const channel = requesterChannel(scope);
    if (!channel) return [[], principalOf(scope)];
    const held = channel.offers.map(({ name }) => ({ connection: name, version: 0 }));
    return [held, `person:${scope.split(':')[1]}:anybody`];
  }

  const index: AccessIndex = {
    whyOff(scope) {
      const outsiders = outsidersOf(scope);
      return whyOff(scope, scopes) ?? (outsiders?.rule === 'refuse' ? outsiders.because : null);
    },
    offers: document.people?.offers ?? [],
    models: document.models ?? [],
    peopleModels: document.people?.models ?? [],
    channels: document.scopes
      .filter(({ scope }) => scopeKind(scope) === 'channel')
      .map(({ scope, label }) => ({ scope, label })),
    modelOf: (scope) => nearestName((each) => scopes.get(each)?.model, scope) ?? undefined,
    modelChoices: (scope) => modelChoices(document, scopes, scope),
    listenIn,
    requesterChannel,
    forAnybody: (scope) => index.effective(scope, ...anybody(scope)),
    shown: (scope, held) => (requesterChannel(scope) ? index.forAnybody(scope) : index.effective(scope, held)),
    accessOfAnybody: (host, scope) => index.accessTo(host, scope, ...anybody(scope)),
    effective(scope, held = [], principal = principalOf(scope)) {
      const { chain, own, fitting, shared } = gather(scope, held, principal);
      const model = index.modelOf(scope);
      const models = index.modelChoices(scope);
      const listen = listenIn(scope);
      return {
        ...shared,
        guardrails: document.guardrails,
        rules: [...own.rules, ...chain.flatMap(({ rules }) => fitting(rules))],
        registries: chain.flatMap(({ registries }) => registries),
        ...(model !== undefined && { model }),
        ...(models.length > 0 && { models }),
        ...(listen !== 'everyone' && ['channel', 'group-dm'].includes(scopeKind(scope)) && { listen }),
        instructions: chain.toReversed().flatMap(({ instructions }) => instructions),
      };
    },
    accessTo(host, scope, held = [], principal = principalOf(scope)) {
      const { chain, own, fitting, shared } = gather(scope, held, principal);
      const sought = soughtHost(host);
      return {
        ...shared,
        guardrails: guardrails.itemsFor(sought),
        rules: [
          ...own.rules.filter(({ match }) => matchesHost(match.host, host)),
          ...chain.flatMap((each) => {
            each.byHost ??= indexByHost(each.rules, ({ match }) => match.host);
            return fitting(each.byHost.itemsFor(sought));
          }),
        ],
        registries: [],
        instructions: [],
      };
    },
  };
  return index;
}

/** The same connection may be attached to several scopes. The most specific one counts. */
function serversOf(chain: readonly AttachedAccess[]): EffectiveServer[] {
  const all = chain.flatMap(({ servers }) => servers);
  if (all.length < 2) return all;
  return [...new Map(all.toReversed().map((each) => [each.connection.id, each])).values()].reverse();
}

/** Absent where there is none. */
function commandServersOf(chain: readonly AttachedAccess[]): Pick<EffectiveAccess, 'commandServers'> {
  const all = chain.flatMap(({ commandServers }) => commandServers);
  const byId = new Map(all.toReversed().map((each) => [each.id, each]));
  return byId.size === 0 ? {} : { commandServers: [...byId.values()].reverse() };
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

/** In a direct message they are those that people choose for themselves; elsewhere the nearest scope that says some decides. */
function modelChoices(
  { models = [], people }: AccessDocument,
  scopes: ReadonlyMap<ScopeKey, ScopeAccess>,
  scope: ScopeKey,
): readonly string[] {
  const named = new Set(models.map(({ name }) => name));
  const said =
    scopeKind(scope) === 'person'
      ? people?.models
      : scopeChain(scope)
          .map((each) => scopes.get(each)?.models)
          .find((each) => each !== undefined);
  return (said ?? []).filter((name) => named.has(name));
}
