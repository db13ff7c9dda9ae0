import { isDeepStrictEqual } from 'node:util';
import { decide } from '../../access/decide.ts';
import type { EffectiveAccess } from '../../access/decision.ts';
import type { Connection } from '../../access/document.ts';
import { ruleId } from '../../access/rule-match.ts';
import type { HeaderInjection, Injector } from '../credentials/injector.ts';
import type { Exchange } from '../events/exchange.ts';
import type { Lease } from '../lease/lease-table.ts';
import type { PolicyFeed } from '../policy/policy-feed.ts';
import { Refusal } from '../refusal.ts';
import { type AllowedDecision, buildOutgoing, type Outgoing } from './outgoing.ts';
import { carriesCredentials, credentialHeaders } from './own-credentials.ts';
import { checkHost, type Target } from './read-target.ts';
import { type RequestHead, valuesOf } from './request-head.ts';

/** A request as it was read, under the lease that let it in. */
export interface ReadRequest {
  readonly head: RequestHead;
  readonly target: Target;
  readonly lease: Lease;
  /** What it expects before its body (RFC 9110 10.1.1). */
  readonly expectation: string | null;
}

/** A request that may leave, in the form in which it leaves. */
export interface JudgedRequest extends ReadRequest {
  readonly decision: AllowedDecision;
  readonly outgoing: Outgoing;
}

export interface Judge {
  /** @throws Refusal */
  judge(exchange: Exchange, request: ReadRequest): Promise<JudgedRequest>;
  /** Whether what was judged would be judged the same by the policy of this moment. */
  stillHolds(exchange: Exchange, judged: JudgedRequest): boolean;
}

export interface JudgeOptions {
  readonly policy: Pick<PolicyFeed, 'accessOf' | 'confirmForInjection'>;
  readonly injector: Injector;
}

/** An injection is confirmed against the policy once more, right before its credential is opened. */
export function createJudge({ policy, injector }: JudgeOptions): Judge {
  async function prepareInjection(decision: AllowedDecision): Promise<HeaderInjection | null> {
    if (decision.outcome !== 'injected') return null;
    policy.confirmForInjection();
    return injector.prepare(decision.rule.connection, ruleId(decision.rule));
  }

  return {
    async judge(exchange, request) {
      const { head, target, lease, expectation } = request;
      // Inside a tunnel another Host is never judged as that other host; outside one, the URL says whose request it is.
      if (exchange.client.tunnel) checkHost(exchange, head, target.authority);
      const access = policy.accessOf(lease.request.scope);
      const isCredential = credentialHeaders(target.authority.host, access);
      exchange.ownCredentials = carriesCredentials(head.headers, target.query, isCredential);
      const decision = decideOn(exchange, target, access);
      if (decision.outcome === 'blocked') throw new Refusal(decision.code, decision.reason, { rule: decision.rule });
      exchange.rule = decision.rule;
      checkHost(exchange, head, target.authority);
      checkExtras(head, decision, expectation);
      const injection = await prepareInjection(decision);
      return { ...request, decision, outgoing: buildOutgoing({ exchange, head, target, decision, access, injection }) };
    },
    stillHolds(exchange, { target, lease, decision }) {
      const now = decideOn(exchange, target, policy.accessOf(lease.request.scope));
      return now.outcome === decision.outcome && isDeepStrictEqual(connectionOf(now), connectionOf(decision));
    },
  };
}

/** The credential a decision attaches, with its version; null for what goes out bare. */
export function identityOf(decision: AllowedDecision): string | null {
  if (decision.outcome !== 'injected') return null;
  const { id, credentialVersion } = decision.rule.connection;
  return `${id}:${credentialVersion}`;
}

/** The connection as the rules have it. Each apply seals anew: another version is the same connection. */
function connectionOf(decision: AllowedDecision): Connection | null {
  return decision.outcome === 'injected' ? { ...decision.rule.connection, credentialVersion: 0 } : null;
}

function decideOn({ method, scheme }: Exchange, { authority, path }: Target, access: EffectiveAccess) {
  return decide({ method, scheme, path, ...authority }, access);
}

/** @throws Refusal `expectation`, `upgrade_not_supported`, `method_not_allowed` */
function checkExtras(head: RequestHead, decision: AllowedDecision, expectation: string | null): void {
  const rule = ruleId(decision.rule);
  if (expectation !== null && expectation.toLowerCase() !== '100-continue') {
    throw new Refusal('expectation', 'The request expects something unknown.', { rule });
  }
  // RFC 9110 9.3.8: the answer is the request as it came, credentials and all.
  if (head.method === 'TRACE') {
    throw new Refusal('method_not_allowed', 'TRACE is carried to no host: it would answer with what was attached.', {
      rule,
    });
  }
  // Other protocols' upgrades are only offers: their header is left out and the request goes on as it is.
  if (valuesOf(head.headers, 'upgrade').some((value) => value.toLowerCase().includes('websocket'))) {
    throw new Refusal('upgrade_not_supported', 'WebSocket is not carried.', { rule });
  }
}
