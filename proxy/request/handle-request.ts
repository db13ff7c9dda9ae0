import type { IncomingMessage, ServerResponse } from 'node:http';
import { decide } from '../../access/decide.ts';
import type { EffectiveAccess } from '../../access/decision.ts';
import { ruleId, ruleMatch } from '../../access/rule-match.ts';
import type { HeaderInjection, Injector } from '../credentials/injector.ts';
import type { UpstreamPools } from '../dialer/upstream-pools.ts';
import { beginExchange, type Exchange, eventOf, refusedRequestOf } from '../events/exchange.ts';
import type { Recorder } from '../events/recorder.ts';
import type { Lease, MonotonicClock } from '../lease/lease-table.ts';
import type { Clients } from '../listener/clients.ts';
import type { PolicyFeed } from '../policy/policy-feed.ts';
import { Refusal, refusalAnswer } from '../refusal.ts';
import { isStatusPage, sendStatusPage } from '../status-page.ts';
import type { Admission } from './admission.ts';
import { forward } from './forward.ts';
import { type AllowedDecision, buildOutgoing, type Outgoing } from './outgoing.ts';
import { carriesCredentials, credentialHeaders } from './own-credentials.ts';
import { checkHost, readTarget, type Target } from './read-target.ts';
import { answerRefused, type Refuser } from './refuse.ts';
import { type RequestHead, readHead, valuesOf } from './request-head.ts';

export interface RequestHandlerOptions {
  readonly admission: Admission;
  readonly clients: Clients;
  readonly policy: Pick<PolicyFeed, 'accessOf' | 'confirmForInjection'>;
  readonly injector: Injector;
  readonly pools: UpstreamPools;
  readonly recorder: Recorder;
  readonly refuser: Refuser;
  readonly clock: MonotonicClock;
}

/** Everything that was found out about a request that may leave. */
interface Judged {
  readonly head: RequestHead;
  readonly target: Target;
  readonly lease: Lease;
  readonly decision: AllowedDecision;
  readonly outgoing: Outgoing;
}

export type HandleRequest = (request: IncomingMessage, response: ServerResponse, expectation: string | null) => void;

/** Answers ordinary requests: plain ones for a whole URL, and those inside an intercepted tunnel. */
export function createRequestHandler(options: RequestHandlerOptions): HandleRequest {
  const { admission, clients, policy, injector, pools, recorder, refuser, clock } = options;

  /** Null when the request was for the proxy itself and is answered. */
  async function judge(
    exchange: Exchange,
    response: ServerResponse,
    expectation: string | null,
  ): Promise<Judged | null> {
    const head = readHead(response.req);
    const target = readTarget(exchange, head);
    const lease = admission.admit(exchange.client);
    if (exchange.transport === 'plain' && isStatusPage(target.authority)) {
      sendStatusPage(response, lease);
      return null;
    }
    // Inside a tunnel another Host is never judged as that other host; outside one, the URL says whose request it is.
    if (exchange.client.tunnel) checkHost(exchange, head, target.authority);
    const access = policy.accessOf(lease.request.scope);
    const isCredential = credentialHeaders(target.authority.host, access);
    exchange.ownCredentials = carriesCredentials(head.headers, target.query, isCredential);
    const decision = decideOn(exchange, target, access);
    checkHost(exchange, head, target.authority);
    checkExtras(head, decision, expectation);
    const injection = await prepareInjection(decision);
    return {
      head,
      target,
      lease,
      decision,
      outgoing: buildOutgoing({ exchange, head, target, decision, access, injection }),
    };
  }

  function decideOn(exchange: Exchange, { authority, path }: Target, access: EffectiveAccess): AllowedDecision {
    const decision = decide({ method: exchange.method, scheme: exchange.scheme, path, ...authority }, access);
    if (decision.outcome === 'blocked') throw new Refusal(decision.code, decision.reason, { rule: decision.rule });
    exchange.rule = decision.rule;
    return decision;
  }

  async function prepareInjection(decision: AllowedDecision): Promise<HeaderInjection | null> {
    if (decision.outcome !== 'injected') return null;
    policy.confirmForInjection();
    return injector.prepare(decision.rule.connection, ruleId(decision.rule));
  }

  async function send(exchange: Exchange, judged: Judged, response: ServerResponse): Promise<void> {
    const { head, target, lease, decision, outgoing } = judged;
    const { outcome, reason } = decision;
    // Reading the credential may have taken a while; the lease may have ended since.
    if (exchange.fault) throw exchange.fault;
    if (admission.admit(exchange.client) !== lease) throw new Refusal('lease_ended', 'The turn of this request ended.');
    const code = outcome === 'injected' ? 'connection' : 'domain_entry';
    recorder.begin(eventOf(exchange, { outcome, code, reason, status: null }, clock));
    if (valuesOf(head.headers, 'expect').length > 0) response.writeContinue();

    const { status, failure } = await forward({
      exchange,
      request: response.req,
      response,
      upstream: pools.get({
        scope: lease.request.scope,
        scheme: exchange.scheme,
        connection: poolIdentity(decision),
        authority: target.authority,
        exceptions: ruleMatch(decision.rule).addresses,
      }),
      method: exchange.method,
      framing: head.framing,
      ...outgoing,
    });
    if (!failure) {
      recorder.finish(eventOf(exchange, { outcome, code, reason, status }, clock), lease);
      return;
    }
    const answer =
      status === null && failure.code !== 'client_abort'
        ? refusalAnswer(new Refusal(failure.code, failure.reason), refusedRequestOf(exchange))
        : null;
    const ending = { outcome, ...failure, status: answer?.status ?? status };
    recorder.finish(eventOf(exchange, ending, clock), lease);
    if (answer) answerRefused(response, answer);
    else response.destroy();
  }

  async function handle(exchange: Exchange, response: ServerResponse, expectation: string | null): Promise<void> {
    try {
      const judged = await judge(exchange, response, expectation);
      if (judged) await send(exchange, judged, response);
    } catch (error) {
      answerRefused(response, refuser.conclude(exchange, error));
    }
  }

  return (request, response, expectation) => {
    const client = clients.of(request.socket);
    const exchange = beginExchange(client, clock);
    exchange.method = request.method ?? '';
    exchange.lease = admission.leaseOf(client);
    client.underWay += 1;
    client.reading = {
      message: request,
      fail(fault) {
        exchange.fault = fault;
        exchange.breakBody?.(fault);
      },
    };
    const handled = handle(exchange, response, expectation).finally(() => {
      client.underWay -= 1;
    });
    if (client.lease) clients.track(client.lease, handled);
  };
}

/** @throws Refusal `expectation`, `upgrade_not_supported` */
function checkExtras(head: RequestHead, decision: AllowedDecision, expectation: string | null): void {
  if (expectation !== null && expectation.toLowerCase() !== '100-continue') {
    throw new Refusal('expectation', 'The request expects something unknown.');
  }
  // Other protocols' upgrades are only offers: their header is left out and the request goes on as it is.
  if (valuesOf(head.headers, 'upgrade').some((value) => value.toLowerCase().includes('websocket'))) {
    throw new Refusal('upgrade_not_supported', 'WebSocket is not carried.', { rule: ruleId(decision.rule) });
  }
}

function poolIdentity(decision: AllowedDecision): string | null {
  if (decision.outcome !== 'injected') return null;
  const { id, credentialVersion } = decision.rule.connection;
  return `${id}:${credentialVersion}`;
}
