/** What one scope is allowed and forbidden. */
import type { OrderedPiece } from './decided-otherwise.ts';
import type { EffectiveAccess, EffectiveConnectionRule, EffectiveRule, Origin } from './decision.ts';
import {
  commandToolsText,
  coversHost,
  grantText,
  guardrailPiece,
  namedPiece,
  operationsText,
  type Piece,
  type Pieces,
  pieceOf,
  toolAskText,
  toolDenialText,
  toolGuardrailText,
  toolsText,
} from './reach-pieces.ts';

export interface Reach {
  readonly allowed: readonly Held[];
  readonly denied: readonly Held[];
  /** What is allowed and denied by rules for hosts, in the order of comparison. */
  readonly order: readonly (Held & OrderedPiece)[];
}

/** A piece where it is attached. */
export interface Held {
  readonly piece: Piece;
  /** The bundle and scope, or words. Few are told of thousands, so the text is made when it is. */
  readonly origin: Origin | string;
  readonly line: number;
}

/** Everything that a scope is allowed and forbidden. A scope that is switched off has nothing. */
export function reachOf(access: EffectiveAccess, pieces: Pieces): Reach {
  if (!access.enabled) return { allowed: [], denied: [], order: [] };
  const gated = new Set(access.forges.map(({ connection }) => connection));
  const isGated = (rule: EffectiveRule): rule is EffectiveConnectionRule =>
    rule.from === 'connection' && rule.action === 'inject' && gated.has(rule.connection.id);
  const named = (source: object, what: string, origin: Held['origin'], line = 0): Held => ({
    piece: pieces.of(source, () => namedPiece(what)),
    origin,
    line,
  });
  const order = withoutShadowed(access.rules).map((rule) => ({
    piece: pieces.of(rule.match, () => pieceOf(rule, isGated(rule))),
    origin: rule.origin,
    line: rule.match.line,
    scope: rule.origin.scope,
    from: rule.from,
    denies: rule.action === 'deny',
  }));
  return {
    order,
    allowed: [
      ...order.filter(({ denies }) => !denies),
      ...access.repositories.map(({ grant, origin }) => named(grant, grantText(grant), origin, grant.line)),
      ...access.servers.flatMap((server) =>
        (['allow', 'read', 'approve'] as const).flatMap((list) =>
          (server.tools[list] ?? []).map((each) =>
            named(each, toolsText(server, list, each.pattern), server.origin, each.line),
          ),
        ),
      ),
      ...(access.commandServers ?? []).flatMap((server) =>
        (['allow', 'read', 'approve'] as const).flatMap((list) =>
          (server.tools[list] ?? []).map((each) =>
            named(each, commandToolsText(server, list, each.pattern), server.origin, each.line),
          ),
        ),
      ),
      ...access.registries.map((each) => named(each, `packages of ${each.registry}`, each.origin)),
      ...ownPieces(access),
    ],
    denied: [
      ...order.filter(({ denies }) => denies),
      ...access.guardrails.map((each) => ({
        piece: pieces.of(each, () => guardrailPiece(each)),
        origin: 'guardrail',
        line: each.line,
      })),
      // A forge's connection opens nothing by its rules alone.
      ...access.rules.filter(isGated).map(({ connection, origin, match }) => ({
        piece: pieces.ofGate(match, connection.id),
        origin,
        line: match.line,
      })),
      ...access.servers.flatMap((server) =>
        server.tools.deny.map((each) => named(each, toolDenialText(server, each.pattern), server.origin, each.line)),
      ),
      ...(access.commandServers ?? []).flatMap((server) =>
        server.tools.deny.map((each) =>
          named(each, `tools ${each.pattern} of ${server.id} denied`, server.origin, each.line),
        ),
      ),
      // To be asked before each call takes something away from what is allowed.
      ...[
        ...access.servers.map(({ connection, ...each }) => ({ ...each, id: connection.id })),
        ...(access.commandServers ?? []),
      ].flatMap(({ id, tools, origin }) =>
        (tools.approve ?? []).map(({ pattern, line }) => ({
          piece: pieces.ofNamed(toolAskText(id, pattern)),
          origin,
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

/** A broader scope's connection is not asked where a narrower scope has one for the same host and port. */
function withoutShadowed(rules: readonly EffectiveRule[]): EffectiveRule[] {
  const nearer: EffectiveRule[] = [];
  return rules.filter((rule) => {
    if (rule.from !== 'connection') return true;
    const { host, port } = rule.match;
    const isShadowed = nearer.some(
      ({ match, origin }) =>
        origin.scope !== rule.origin.scope &&
        (match.port === null || match.port === port) &&
        coversHost(match.host, host),
    );
    nearer.push(rule);
    return !isShadowed;
  });
}
