import { isDeepStrictEqual } from 'node:util';
import { decide } from '../../access/decide.ts';
import type { Decision, EffectiveAccess } from '../../access/decision.ts';
import { type Connection, NO_CREDENTIAL } from '../../access/document.ts';
import { serverAccess } from '../../access/mcp/server-access.ts';
import type { HeldConnection } from '../../access/personal-access.ts';
import { ruleId } from '../../access/rule-match.ts';
import type { Principal } from '../../contracts/scope.ts';
import type { Injection } from '../credentials/injection.ts';
import type { Injector } from '../credentials/injector.ts';
import type { Exchange } from '../events/exchange.ts';
import type { Content } from '../git/content.ts';
import type { ForgeGate } from '../git/forge-gate.ts';
import type { Lease } from '../lease/lease-table.ts';
import { judgeMcp } from '../mcp/mcp-gate.ts';
import type { PersonalFeed } from '../policy/personal-feed.ts';
import type { PolicyFeed } from '../policy/policy-feed.ts';
import { Refusal } from '../refusal.ts';
import { holdsBack } from './holds-back.ts';
import { checkOtherPaths } from './other-paths.ts';
import { type AllowedDecision, buildOutgoing, type Outgoing } from './outgoing.ts';
import { carriesCredentials, credentialHeaders, credentialParameters } from './own-credentials.ts';
import { checkHost, type Target } from './read-target.ts';
import type { RequestBody } from './request-body.ts';
import { type RequestHead, valuesOf } from './request-head.ts';

/** A request as it was read, with the lease that admitted it. */
export interface ReadRequest {
  readonly head: RequestHead;
  readonly target: Target;
  readonly lease: Lease;
  readonly body: RequestBody;
  /** The value of its Expect header (RFC 9110 10.1.1). Null without one. */
  readonly expectation: string | null;
  /** Aborted when the client goes away, the turn ends, or the request is stopped otherwise. Its reason is a `Refusal`. */
  readonly signal: AbortSignal;
}

/** A request that may leave, with the head that is sent. */
export interface JudgedRequest extends ReadRequest {
  readonly decision: AllowedDecision;
  readonly outgoing: Outgoing;
  /** What its content was found to be. `head` is that of the content as it is sent. */
  readonly content: Content;
  /** Whether the rules may keep something of the host back, by a `deny` or by naming the paths that are allowed. */
  readonly holdsBack: () => boolean;
  /** The credential. Null when none is attached. */
  readonly injection: Injection | null;
  /** The same request with another credential of its connection. */
  readonly rebuild: (injection: Injection) => Outgoing;
  /** What the person of the lease had connected when it was judged. */
  readonly held: readonly HeldConnection[];
}

export interface Judge {
  /** @throws Refusal */
  judge(exchange: Exchange, request: ReadRequest): Promise<JudgedRequest>;
  /** Whether the current policy would judge this request the same way, and its credential may still be used. */
  stillHolds(exchange: Exchange, judged: JudgedRequest): boolean;
}

export interface JudgeOptions {
  readonly policy: Pick<PolicyFeed, 'accessTo' | 'wholeAccess' | 'confirmForInjection'>;
  readonly personal: PersonalFeed;
  readonly injector: Injector;
  readonly forgeGate: ForgeGate;
}

/**
 * Judges requests by the policy of their scope. Before a credential is opened, the policy must have been confirmed
 * lately (`confirmForInjection`).
 */
export function createJudge({ policy, personal, injector, forgeGate }: JudgeOptions): Judge {
  function accessAt(
    host: string,
    { lease, client, held }: Pick<JudgedRequest, 'lease' | 'held'> & Pick<Exchange, 'client'>,
  ): EffectiveAccess {
    const { scope, principal } = lease.request;
    const access = lease.access?.() ?? policy.accessTo(host, scope, held, principal);
    return client.server === null ? access : serverAccess(access, client.server.connection);
  }

  async function prepareInjection(
    decision: AllowedDecision,
    { target, lease, signal }: ReadRequest,
    access: EffectiveAccess,
    held: readonly HeldConnection[],
  ): Promise<Injection | null> {
    if (decision.outcome !== 'injected') return null;
    policy.confirmForInjection();
    const { connection } = decision.rule;
    // An agent uses what a person has allowed it to use, as that person.
    const allowing = held.find(({ owner }) => owner !== undefined && owner === connection.owner)?.owner;
    return injector.prepare({
      connection,
      principal: (allowing as Principal | undefined) ?? lease.request.principal,
      rule: ruleId(decision.rule),
      path: target.path,
      repositories: access.repositories,
      signal,
    });
  }

  return {
    async judge(exchange, request) {
      const { head, target, lease, expectation } = request;
      // Inside a tunnel a wrong Host header is refused before anything else. A plain request is judged by its URL
      // first, so that a forbidden host is reported as such, and its Host header is checked below.
      if (exchange.client.tunnel) checkHost(exchange, head, target.authority);
      const { client } = exchange;
      const holding = personal.heldBy(lease.request);
      const held = holding === null ? [] : await holding;
      const access = accessAt(target.authority.host, { lease, client, held });
      const { host } = target.authority;
      const [isHeader, isParameter] = [credentialHeaders(host, access), credentialParameters(host, access)];
      exchange.ownCredentials = carriesCredentials(head.headers, target.query, isHeader, isParameter);
      const decision = decideOn(exchange, target, access);
      if (decision.outcome === 'blocked') throw refusalOf(exchange, decision);
      exchange.rule = decision.rule;
      checkHost(exchange, head, target.authority);
      checkExtras(head, decision, expectation);
      const { scope, principal } = lease.request;
      const whole = () => lease.access?.() ?? policy.wholeAccess(scope, held, principal);
      const isHeldBack = () => holdsBack({ exchange, target, decision, access, whole });
      checkOtherPaths(head, decision, isHeldBack);
      const asked = { exchange, head, target, body: request.body, decision, access };
      const { server } = client;
      const isTurn = lease.request.session !== null;
      const content = server === null ? await forgeGate.judge(asked) : await judgeMcp({ ...asked, ...server, isTurn });
      const injection = await prepareInjection(decision, request, access, held);
      const rebuild = (other: Injection | null): Outgoing => {
        const outgoing = buildOutgoing({
          exchange,
          head: content.head,
          target,
          decision,
          access,
          injection: content.attach(other),
        });
        return content.body === null ? outgoing : { ...outgoing, body: content.body };
      };
      return {
        ...request,
        head: content.head,
        decision,
        content,
        holdsBack: isHeldBack,
        outgoing: rebuild(injection),
        injection,
        rebuild,
        held,
      };
    },
    stillHolds(exchange, { target, lease, decision, content, held }) {
      const access = accessAt(target.authority.host, { lease, client: exchange.client, held });
      const now = decideOn(exchange, target, access);
      if (now.outcome !== decision.outcome || !isDeepStrictEqual(relianceOf(now), relianceOf(decision))) return false;
      return isUsable(connectionOf(decision), connectionOf(now), Date.now()) && content.stillHolds(access);
    },
  };
}

/** The credential that a decision attaches, with its version. Null when it attaches none. */
export function identityOf(decision: AllowedDecision): string | null {
  if (decision.outcome !== 'injected') return null;
  return versionOf(decision.rule.connection);
}

/** A connection with the version of its credential, as one text. */
export function versionOf({ id, credentialVersion }: Connection): string {
  return `${id}:${credentialVersion}`;
}

/**
 * What an injected request relies on. Without the version of the credential, because each apply seals again, and that
 * alone is not a change of the rules. Null for a request without a credential.
 */
function relianceOf(decision: Decision) {
  if (decision.outcome !== 'injected') return null;
  const { connection, match } = decision.rule;
  const { id, credential, ca } = connection;
  return { id, credential, ca, host: match.host, addresses: match.addresses };
}

function connectionOf(decision: Decision): Connection | null {
  return decision.outcome === 'injected' ? decision.rule.connection : null;
}

/**
 * Whether a request that was given the credential of `then` may go on, now that its connection is `now`. A revoked
 * credential ends at once, a rotated one at the end of its overlap. One that was only entered again goes on.
 */
function isUsable(then: Connection | null, now: Connection | null, at: number): boolean {
  if (then === null || now === null || then.credentialVersion === now.credentialVersion) return true;
  if (now.credentialVersion === NO_CREDENTIAL) return false;
  const { retiring } = now;
  return retiring?.version !== then.credentialVersion || at < Date.parse(retiring.until);
}

/** A refusal by a rule of a connection is recorded with that rule. */
export function refusalOf(exchange: Exchange, decision: Decision & { outcome: 'blocked' }): Refusal {
  const { code, reason, rule, denied } = decision;
  exchange.rule = denied;
  return new Refusal(code, reason, { rule, connection: denied?.connection.id ?? null });
}

function decideOn(
  { method, scheme }: Pick<Exchange, 'method' | 'scheme'>,
  { authority, path }: Target,
  access: EffectiveAccess,
) {
  return decide({ method, scheme, path, ...authority }, access);
}

/** @throws Refusal `expectation`, `upgrade_not_supported`, `method_not_allowed` */
function checkExtras(head: RequestHead, decision: AllowedDecision, expectation: string | null): void {
  const rule = ruleId(decision.rule);
  if (expectation !== null && expectation.toLowerCase() !== '100-continue') {
    throw new Refusal('expectation', 'The request expects something unknown.', { rule });
  }
  // The answer to TRACE repeats the request, with the credential in it (RFC 9110 9.3.8).
  if (head.method === 'TRACE') {
    throw new Refusal('method_not_allowed', 'TRACE is carried to no host: it would answer with what was attached.', {
      rule,
    });
  }
  // A client that offers another protocol also accepts an ordinary answer. Its Upgrade header is left out.
  if (valuesOf(head.headers, 'upgrade').some((value) => value.toLowerCase().includes('websocket'))) {
    throw new Refusal('upgrade_not_supported', 'WebSocket is not carried.', { rule });
  }
}
