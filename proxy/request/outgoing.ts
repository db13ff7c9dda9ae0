import type { Decision, EffectiveAccess } from '../../access/decision.ts';
import { ruleId } from '../../access/rule-match.ts';
import type { HeaderInjection } from '../credentials/injector.ts';
import type { Exchange } from '../events/exchange.ts';
import { Refusal } from '../refusal.ts';
import { hostHeader } from './authority.ts';
import { headBytes, outboundHeaders } from './outbound-headers.ts';
import { carriesCredentials, credentialHeaders, ownCredentialsRule, strippedQuery } from './own-credentials.ts';
import type { Target } from './read-target.ts';
import type { RequestHead } from './request-head.ts';

export type AllowedDecision = Exclude<Decision, { outcome: 'blocked' }>;

/** A request as it leaves. */
export interface Outgoing {
  readonly target: string;
  readonly headers: readonly [string, string][];
  /** Bytes of its head on the wire, without the credential. */
  readonly headBytes: number;
}

export interface OutgoingOptions {
  readonly exchange: Exchange;
  readonly head: RequestHead;
  readonly target: Target;
  readonly decision: AllowedDecision;
  readonly access: EffectiveAccess;
  readonly injection: HeaderInjection | null;
}

/** Builds target and headers anew from what was judged. @throws Refusal `own_credentials` */
export function buildOutgoing({ exchange, head, target, decision, access, injection }: OutgoingOptions): Outgoing {
  const { authority, path, query } = target;
  const own = ownCredentialsRule(decision);
  const isCredential = credentialHeaders(authority.host, access);
  if (own === 'block' && carriesCredentials(head.headers, query, isCredential)) {
    const rule = ruleId(decision.rule);
    throw new Refusal('own_credentials', `Credentials of the sandbox's own do not go to ${authority.host}.`, { rule });
  }
  const headers = outboundHeaders({
    head,
    host: hostHeader(authority, exchange.scheme),
    strip: own === 'pass' ? null : isCredential,
    injection,
  });
  const line = path + (own === 'pass' ? query : strippedQuery(query));
  return { target: line, headers, headBytes: headBytes(exchange.method, line, headers, injection) };
}
