/**
 * Patterns of channel names, such as `#incident-*`. Anyone in Slack may make or rename a channel. So what a pattern attaches
 * counts for a channel only once an administrator has confirmed this channel, and only while it keeps its name.
 */
import { channelScope, type ScopeKey } from '../contracts/scope.ts';
import type { AccessDocument, ChannelPattern, ScopeAccess } from './document.ts';
import type { KnownChannel } from './find-channel.ts';

/** A channel that an administrator confirmed, and that still has the name it had then. */
export interface ConfirmedChannel {
  readonly team: string;
  readonly channel: string;
  /** Without `#`. */
  readonly name: string;
  /** The pattern it was confirmed for. */
  readonly pattern: string;
}

/** Whether a key of `channels` is a pattern: `#` and a name with one `*` for any characters. `#*` would be the workspace. */
export function isChannelPattern(text: string): boolean {
  return /^#[\p{Ll}\p{Lo}\p{Lm}\p{M}\p{N}_-]*\*[\p{Ll}\p{Lo}\p{Lm}\p{M}\p{N}_-]*$/u.test(text) && text !== '#*';
}

/** @param name with or without `#` */
export function matchesPattern(pattern: string, name: string): boolean {
  const [before, after] = ends(pattern);
  const bare = name.replace(/^#/, '');
  return bare.length >= before.length + after.length && bare.startsWith(before) && bare.endsWith(after);
}

/** Whether some name matches both. What stands between beginning and end is free, so only these have to agree. */
export function patternsMeet(one: string, other: string): boolean {
  const [[before, after], [otherBefore, otherAfter]] = [ends(one), ends(other)];
  const begins = before.startsWith(otherBefore) || otherBefore.startsWith(before);
  return begins && (after.endsWith(otherAfter) || otherAfter.endsWith(after));
}

function ends(pattern: string): readonly [string, string] {
  const [before = '', after = ''] = pattern.replace(/^#/, '').split('*');
  return [before, after];
}

/** The scope that stands for every channel of a pattern, where `plan` and `test` look at the pattern itself. */
export function patternScope(pattern: string): ScopeKey {
  return channelScope('*', pattern);
}

/**
 * The document with a scope for each confirmed channel. A channel that the file names by itself has only what stands there. A
 * confirmation for a pattern that the document has not, or no longer has, counts for nothing.
 */
export function withConfirmed(document: AccessDocument, confirmed: readonly ConfirmedChannel[]): AccessDocument {
  if (confirmed.length === 0) return document;
  const patterns = new Map((document.patterns ?? []).map((each) => [each.pattern, each]));
  const named = new Set(document.scopes.map(({ scope }) => scope));
  const more = confirmed.flatMap(({ team, channel, name, pattern }): ScopeAccess[] => {
    const found = patterns.get(pattern);
    const scope = channelScope(team, channel);
    if (!found || named.has(scope) || !matchesPattern(pattern, name)) return [];
    return [scopeOf(found, scope, `#${name}`)];
  });
  return { ...document, scopes: [...document.scopes, ...more] };
}

/** The document with a scope for each pattern, as if a channel of that name had been confirmed. */
export function withPatterns(document: AccessDocument): AccessDocument {
  const more = (document.patterns ?? []).map((each) => scopeOf(each, patternScope(each.pattern), each.pattern));
  return more.length === 0 ? document : { ...document, scopes: [...document.scopes, ...more] };
}

function scopeOf({ line: _line, ...access }: ChannelPattern, scope: ScopeKey, label: string): ScopeAccess {
  return { ...access, scope, label };
}

/** Finds the pattern that a channel's name matches, unless the file names the channel itself. Null for none. */
export function patternFinder({
  scopes,
  patterns = [],
}: AccessDocument): (channel: Omit<KnownChannel, 'seenAt'>) => string | null {
  const named = new Set(scopes.filter(({ pattern }) => pattern === undefined).map(({ scope }) => scope));
  return ({ team, id, name }) => {
    if (named.has(channelScope(team, id))) return null;
    return patterns.find(({ pattern }) => matchesPattern(pattern, name))?.pattern ?? null;
  };
}
