/**
 * A scope is a place access is attached to. Keys are strings, so that they can be stored, compared and shown:
 * `organization`, `workspace:T1`, `channel:T1:C1`, `group-dm:T1:G1`, `person:T1:U1`. `environment:node` is where the image of an
 * environment is built.
 */
export type ScopeKey =
  | 'organization'
  | `workspace:${string}`
  | `channel:${string}:${string}`
  | `group-dm:${string}:${string}`
  | `person:${string}:${string}`
  | `environment:${string}`;

export type ScopeKind = 'organization' | 'workspace' | 'channel' | 'group-dm' | 'person' | 'environment';

/**
 * Whom a request acts as: the agent of a scope, a person (in a direct message, and in a channel with `identity: requester`), or
 * the operator who tests a connection. No session acts as the operator.
 */
export type Principal = `agent@${ScopeKey}` | `person:${string}:${string}` | 'operator';

/** `channel:<team>:<channel id>`: a channel keeps its access when it is renamed. */
export function channelScope(team: string, channel: string): ScopeKey {
  return `channel:${team}:${channel}`;
}

/** `person:<team>:<user id>`, the scope of a one-to-one direct message. */
export function personScope(team: string, user: string): ScopeKey {
  return `person:${team}:${user}`;
}

/** `group-dm:<team>:<conversation id>`, the scope of a group message. */
export function groupDmScope(team: string, channel: string): ScopeKey {
  return `group-dm:${team}:${channel}`;
}

/** A person of a workspace. */
export interface Person {
  readonly team: string;
  readonly person: string;
}

/** The person whose scope it is. Null for every other scope. */
export function ownerOf(scope: ScopeKey): Person | null {
  return actingPerson(scope);
}

/** The person as whom a principal acts. Null for an agent, and for the operator. */
export function actingPerson(principal: string): Person | null {
  const [kind, team, person, ...rest] = principal.split(':');
  return kind === 'person' && team && person && rest.length === 0 ? { team, person } : null;
}

/** The word before the first colon; the organization has no more than that word. */
export function scopeKind(scope: ScopeKey): ScopeKind {
  return scope.split(':', 1)[0] as ScopeKind;
}

/** A person's scope acts as the person; every other scope acts as its own agent. */
export function principalOf(scope: ScopeKey): Principal {
  return scopeKind(scope) === 'person' ? (scope as Principal) : `agent@${scope}`;
}

/**
 * The scopes whose access a session of `scope` has, most specific first.
 * A person has only their own: nothing of a channel or of the organization follows anyone into a DM.
 */
export function scopeChain(scope: ScopeKey): ScopeKey[] {
  const [kind, team] = scope.split(':');
  switch (kind) {
    case 'channel':
    case 'group-dm':
      return [scope, `workspace:${team}`, 'organization'];
    case 'workspace':
      return [scope, 'organization'];
    default:
      return [scope];
  }
}
