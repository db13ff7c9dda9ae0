/** Judges recorded requests by another document, to see what it would have changed. */
import type { Outcome } from '../contracts/egress.ts';
import { type Principal, principalOf, type ScopeKey, scopeKind } from '../contracts/scope.ts';
import { decide } from './decide.ts';
import type { AccessDocument } from './document.ts';
import { type AccessIndex, indexAccess } from './effective-access.ts';
import { parseHostName } from './host-name.ts';
import { type HeldConnection, offerOf } from './personal-access.ts';
import { decideTunnel } from './tunnel.ts';

/** Requests that were alike, as they are recorded. */
export interface RecordedRequest {
  readonly scope: ScopeKey;
  readonly outcome: Outcome;
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** With or without the names of a query. */
  readonly path: string;
  readonly transport: 'intercept' | 'tunnel' | 'plain';
  /** The connection whose rule decided. Null without one. */
  readonly connection: string | null;
  /** How many they were. */
  readonly requests: number;
}

export interface ReplayedChange extends RecordedRequest {
  readonly now: Outcome;
  readonly reason: string;
}

/**
 * The requests that the new document would decide in another way, those that were let through and would be blocked
 * first.
 *
 * @param recorded only requests that rules decided about, not those that failed for another reason
 */
export function replay(recorded: readonly RecordedRequest[], document: AccessDocument): ReplayedChange[] {
  const index = indexAccess(document);
  const changes = recorded.flatMap((request) => {
    const { outcome, reason } = judge(request, index);
    return outcome === request.outcome ? [] : [{ ...request, now: outcome, reason }];
  });
  return changes.sort((a, b) => Number(b.now === 'blocked') - Number(a.now === 'blocked') || b.requests - a.requests);
}

function judge(request: RecordedRequest, index: AccessIndex): { outcome: Outcome; reason: string } {
  const { method, scheme, port, transport } = request;
  const parsed = parseHostName(request.host);
  if ('refused' in parsed) return { outcome: 'blocked', reason: `The host ${parsed.refused}.` };
  const { host } = parsed;
  // What a person had connected then is known from what they used.
  const own = request.connection === null ? null : offerOf(request.connection);
  const access = index.accessTo(host, request.scope, ...actingThen(own, request.scope, index));
  // Of a tunnel only host and port are known. A connection that is intercepted now is judged request by request.
  const tunnel = transport === 'tunnel' ? decideTunnel(host, port, access) : null;
  return tunnel ?? decide({ method, scheme, host, port, path: request.path.split('?', 1)[0] ?? '/' }, access);
}

/** Whom a request acted as that used a connection of a person's own, with what they had: `own` is the name of the offer, null for other requests. */
function actingThen(
  own: string | null,
  scope: ScopeKey,
  index: AccessIndex,
): [held: readonly HeldConnection[], principal: Principal] {
  if (own === null) return [[], principalOf(scope)];
  const held = { connection: own, version: 1 };
  if (scopeKind(scope) !== 'channel') return [[held], principalOf(scope)];
  const anybody = `person:${scope.split(':')[1]}:anybody` as const;
  if (index.requesterChannel(scope)) return [[held], anybody];
  return [[{ ...held, owner: anybody }], principalOf(scope)];
}
