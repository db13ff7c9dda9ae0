/**
 * What a new document lets a scope reach that the old one did not. `bellhop plan` shows it first, because that is what a
 * reviewer has to agree to.
 */
import { channelScope, groupDmScope, type ScopeKey, scopeKind } from '../contracts/scope.ts';
import { decidedOtherwise, type OrderedPiece } from './decided-otherwise.ts';
import type { EffectiveAccess, EffectiveConnectionRule, EffectiveRule, Origin } from './decision.ts';
import type { AccessDocument } from './document.ts';
import { indexAccess } from './effective-access.ts';
import {
  commandToolsText,
  covers,
  coversHost,
  createPieces,
  grantText,
  guardrailPiece,
  meets,
  namedPiece,
  operationsText,
  type Piece,
  type Pieces,
  pieceOf,
  standsAlone,
  toolAskText,
  toolDenialText,
  toolGuardrailText,
  toolsText,
} from './reach-pieces.ts';
import { originOf } from './rule-match.ts';

export interface ReachItem {
  /** `GET https://api.acme.test/v1 with acme-readonly` */
  readonly what: string;
  /** `acme-data ← #platform-eng` */
  readonly origin: string;
  /** Line of the file that has it. 0 when that is not known. */
  readonly line: number;
}

export interface ScopeReach {
  readonly scope: ScopeKey;
  readonly label: string;
  readonly gained: readonly ReachItem[];
  readonly lost: readonly ReachItem[];
}

/**
 * Compares what each scope may reach. A rule that one other rule covered before is no gain. A `deny` or a guardrail that is
 * gone is a gain, and so is a scope that is switched on. A rule is also a gain where another one decided before. It errs
 * to the safe side: a rule that only several others together covered before is shown as a gain.
 *
 * @returns scopes whose reach differs; those that gain come first
 */
export function compareReach(before: AccessDocument, after: AccessDocument): ScopeReach[] {
  const labels = new Map([...before.scopes, ...after.scopes].map(({ scope, label }) => [scope, label]));
  labels.set('organization', 'organization');
  for (const { team, channel, name } of [...(before.mixed ?? []), ...(after.mixed ?? [])]) {
    const scope = channelScope(team, channel);
    if (name !== '' && !labels.has(scope)) labels.set(scope, `#${name}`);
  }
  for (const [scope, label] of groupMessages([...labels.keys()])) labels.set(scope, label);
  const pieces = createPieces();
  const [old, now] = [indexAccess(before), indexAccess(after)];
  const changed = [...labels].flatMap(([scope, label]) => {
    const [was, is] = [reachOf(old.forAnybody(scope), pieces), reachOf(now.forAnybody(scope), pieces)];
    if (isSame(was.allowed, is.allowed) && isSame(was.denied, is.denied) && isSameOrder(was.order, is.order)) return [];
    const gained = [...beyond(is, was, 'no longer', false), ...otherwiseDecided(is, was)];
    const lost = beyond(was, is, 'from now on', true);
    return gained.length + lost.length === 0 ? [] : [{ scope, label, gained, lost }];
  });
  return changed.sort((a, b) => Number(b.gained.length > 0) - Number(a.gained.length > 0));
}

/** A scope that stands for every group message of a workspace that is named, and one for those of all others. */
function groupMessages(scopes: readonly ScopeKey[]): [ScopeKey, string][] {
  const teams = scopes.filter((scope) => scopeKind(scope) === 'workspace').map((scope) => scope.split(':')[1] ?? '');
  const named = teams.map((team): [ScopeKey, string] => [groupDmScope(team, '*'), `group messages of ${team}`]);
  return [...named, [groupDmScope('*', '*'), 'group messages']];
}

interface Reach {
  readonly allowed: readonly Held[];
  readonly denied: readonly Held[];
  /** What is allowed and denied by rules for hosts, in the order of comparison. */
  readonly order: readonly (Held & OrderedPiece)[];
}

/** A piece where it is attached. */
interface Held {
  readonly piece: Piece;
  readonly origin: string;
  readonly line: number;
}

function reachOf(access: EffectiveAccess, pieces: Pieces): Reach {
  if (!access.enabled) return { allowed: [], denied: [], order: [] };
  const gated = new Set(access.forges.map(({ connection }) => connection));
  const isGated = (rule: EffectiveRule): rule is EffectiveConnectionRule =>
    rule.from === 'connection' && rule.action === 'inject' && gated.has(rule.connection.id);
  const held = (rule: EffectiveRule): Held => ({
    piece: pieces.of(rule.match, () => pieceOf(rule, isGated(rule))),
    origin: originOf(rule),
    line: rule.match.line,
  });
  const named = (source: object, what: string, origin: string, line = 0): Held => ({
    piece: pieces.of(source, () => namedPiece(what)),
    origin,
    line,
  });
  const rules = withoutShadowed(access.rules);
  return {
    order: rules.map((rule) => ({
      ...held(rule),
      scope: rule.origin.scope,
      from: rule.from,
      denies: rule.action === 'deny',
    })),
    allowed: [
      ...rules.filter(({ action }) => action !== 'deny').map(held),
      ...access.repositories.map(({ grant, origin }) => named(grant, grantText(grant), placeOf(origin), grant.line)),
      ...access.servers.flatMap((server) =>
        (['allow', 'read', 'approve'] as const).flatMap((list) =>
          (server.tools[list] ?? []).map((each) =>
            named(each, toolsText(server, list, each.pattern), placeOf(server.origin), each.line),
          ),
        ),
      ),
      ...(access.commandServers ?? []).flatMap((server) =>
        (['allow', 'read', 'approve'] as const).flatMap((list) =>
          (server.tools[list] ?? []).map((each) =>
            named(each, commandToolsText(server, list, each.pattern), placeOf(server.origin), each.line),
          ),
        ),
      ),
      ...access.registries.map((each) => named(each, `packages of ${each.registry}`, placeOf(each.origin))),
      ...ownPieces(access),
    ],
    denied: [
      ...rules.filter(({ action }) => action === 'deny').map(held),
      ...access.guardrails.map((each) => ({
        piece: pieces.of(each, () => guardrailPiece(each)),
        origin: 'guardrail',
        line: each.line,
      })),
      // A forge's connection opens nothing by its rules alone.
      ...access.rules.filter(isGated).map(({ connection, origin, match }) => ({
        piece: pieces.ofGate(match, connection.id),
        origin: placeOf(origin),
        line: match.line,
      })),
      ...access.servers.flatMap((server) =>
        server.tools.deny.map((each) =>
          named(each, toolDenialText(server, each.pattern), placeOf(server.origin), each.line),
        ),
      ),
      ...(access.commandServers ?? []).flatMap((server) =>
        server.tools.deny.map((each) =>
          named(each, `tools ${each.pattern} of ${server.id} denied`, placeOf(server.origin), each.line),
        ),
      ),
      // To be asked before each call takes something away from what is allowed.
      ...[
        ...access.servers.map(({ connection, ...each }) => ({ ...each, id: connection.id })),
        ...(access.commandServers ?? []),
      ].flatMap(({ id, tools, origin }) =>
        (tools.approve ?? []).map(({ pattern, line }) => ({
          piece: pieces.ofNamed(toolAskText(id, pattern)),
          origin: placeOf(origin),
          line,
        })),
      ),
      ...access.toolGuardrails.map((each) => named(each, toolGuardrailText(each), 'guardrail', each.line)),
      ...access.repositoryGuardrails.map((each) => named(each, operationsText(each), 'guardrail', each.line)),
    ],
  };
}

/** That people's own connections are used in a channel is a gain by itself, whatever these reach. */
function ownPieces({ identity, mayAskFor = [], others, scope }: EffectiveAccess): Held[] {
  const held = (what: string): Held => ({ piece: namedPiece(what), origin: scope, line: 0 });
  return [
    ...(identity === 'requester' ? [held('sessions that act as the person who began them')] : []),
    ...(others === 'ask' ? [held("what others ask for in a person's thread, once that person has confirmed it")] : []),
    ...mayAskFor.map((name) => held(`a person's own ${name}, once the person who began the turn has allowed it`)),
  ];
}

/** Both have the same pieces in the same order. */
function isSame(one: readonly Held[], other: readonly Held[]): boolean {
  return one.length === other.length && one.every(({ piece }, index) => piece === other[index]?.piece);
}

function isSameOrder(one: Reach['order'], other: Reach['order']): boolean {
  return isSame(one, other) && one.every(({ scope }, index) => scope === other[index]?.scope);
}

/** A broader scope's connection is not asked where a narrower scope has one for the same host and port. */
function withoutShadowed(rules: readonly EffectiveRule[]): EffectiveRule[] {
  const nearer: EffectiveRule[] = [];
  return rules.filter((rule) => {
    if (rule.from !== 'connection') return true;
    const { host, port } = rule.match;
    const isShadowed = nearer.some(
      ({ match, origin }) =>
        (match.port === null || match.port === port) &&
        origin.scope !== rule.origin.scope &&
        coversHost(match.host, host),
    );
    nearer.push(rule);
    return !isShadowed;
  });
}

function placeOf({ bundle, scopeLabel }: Origin): string {
  return `${bundle} ← ${scopeLabel}`;
}

/**
 * What `one` reaches beyond `other`: allowed pieces that nothing covers there, and what `other` forbids of it and `one` does not.
 * A connection's denial that is gone together with everything that it was for changes nothing.
 *
 * @param words said of something that only `other` forbids
 * @param otherIsNew whether `other` is of the file; lines of what is of the document in force are of another file
 */
function beyond(one: Reach, other: Reach, words: string, otherIsNew: boolean): ReachItem[] {
  const more = notCovered(one.allowed, other.allowed);
  const freed = noLongerDenied(one, other);
  const itemOf = ({ piece, origin, line }: Held, isNew: boolean, said = ''): ReachItem => ({
    what: `${said}${piece.what}`,
    origin,
    line: isNew ? line : 0,
  });
  const items = [
    ...more.map((held) => itemOf(held, !otherIsNew)),
    ...freed.map((held) => itemOf(held, otherIsNew, `${words}: `)),
  ];
  // A forge's connection has one such denial for each of its hosts, in the same words.
  const seen = new Set<string>();
  return items.filter(({ what }) => !seen.has(what) && seen.add(what));
}

/** What `other` forbids and `one` does not, as far as `one` reaches something that it is about. */
function noLongerDenied(one: Reach, other: Reach): Held[] {
  // A scope that reached nothing before has everything as a gain already, and one that reaches nothing gains nothing.
  if (one.allowed.length === 0 || other.allowed.length === 0) return [];
  return notCovered(other.denied, one.denied).filter(
    ({ piece }) => standsAlone(piece) || one.allowed.some((held) => meets(held.piece, piece)),
  );
}

/** Such a rule may attach a credential, or let through what a denial came before. */
function otherwiseDecided(is: Reach, was: Reach): ReachItem[] {
  const freed = new Set(noLongerDenied(is, was).map(({ piece }) => piece));
  return decidedOtherwise(is.order, was.order, freed).map(({ item: { piece, origin, line }, before }) => ({
    what: `${piece.what}, where ${before.what} decided before`,
    origin,
    line,
  }));
}

function notCovered(some: readonly Held[], others: readonly Held[]): Held[] {
  const known = new Set(others.map(({ piece }) => piece));
  return some.filter(({ piece }) => !known.has(piece) && !others.some((each) => covers(each.piece, piece)));
}
