/**
 * Outsiders are guests of the workspace and people of other organizations. What the agent reaches in a channel is shown to all who
 * are in it. So it is who is in the channel that decides, and never who asks.
 */
import { type ScopeKey, scopeKind } from '../contracts/scope.ts';
import type { AccessDocument, ScopeAccess } from './document.ts';
import { nearestName } from './nearest-name.ts';

/**
 * What the agent does in a place with outsiders: nothing, or work with what is attached to this very channel, or work as anywhere else.
 * Ordered from the strictest.
 */
export const OUTSIDER_RULES = ['refuse', 'channel-only', 'allow'] as const;
export type OutsiderRule = (typeof OUTSIDER_RULES)[number];

/** A conversation with outsiders in it, as Slack last said. */
export interface MixedChannel {
  readonly team: string;
  readonly channel: string;
  /** Without `#`. */
  readonly name: string;
  /** A guest is in it, or somebody of whom Slack does not say that they are a member. */
  readonly guests: boolean;
  /** It is shared with another organization, or about to be, or somebody from there is in it. */
  readonly shared: boolean;
}

/** What holds in a place with outsiders, and because of whom. */
export interface OutsiderVerdict {
  readonly rule: OutsiderRule;
  /** The kind of outsiders whose rule is the stricter one. */
  readonly because: 'guests' | 'shared-channel';
}

/** The document as it is at this moment, with the places that have outsiders in them. */
export function withMixed(document: AccessDocument, mixed: readonly MixedChannel[]): AccessDocument {
  return mixed.length === 0 ? document : { ...document, mixed };
}

/** Finds what holds in a scope because of outsiders. Null: nobody is in it who matters. */
export function outsiderRules(
  { mixed = [] }: Pick<AccessDocument, 'mixed'>,
  scopes: ReadonlyMap<ScopeKey, ScopeAccess>,
): (scope: ScopeKey) => OutsiderVerdict | null {
  if (mixed.length === 0) return () => null;
  const byPlace = new Map(mixed.map((each) => [`${each.team}:${each.channel}`, each]));
  return (scope) => {
    const kind = scopeKind(scope);
    if (kind !== 'channel' && kind !== 'group-dm') return null;
    const [, team, channel] = scope.split(':');
    const found = byPlace.get(`${team}:${channel}`);
    if (!found) return null;
    const verdicts: OutsiderVerdict[] = [
      ...(found.shared ? [{ rule: ruleOf('sharedChannels', scope, scopes), because: 'shared-channel' as const }] : []),
      ...(found.guests ? [{ rule: ruleOf('guests', scope, scopes), because: 'guests' as const }] : []),
    ];
    return verdicts.toSorted((a, b) => OUTSIDER_RULES.indexOf(a.rule) - OUTSIDER_RULES.indexOf(b.rule))[0] ?? null;
  };
}

/** The nearest scope that says something decides. Nobody has said anything: refuse. */
function ruleOf(
  setting: 'guests' | 'sharedChannels',
  scope: ScopeKey,
  scopes: ReadonlyMap<ScopeKey, ScopeAccess>,
): OutsiderRule {
  return nearestName((each) => scopes.get(each)?.[setting], scope) ?? 'refuse';
}
