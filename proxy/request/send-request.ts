import type { ServerResponse } from 'node:http';
import { ruleMatch } from '../../access/rule-match.ts';
import type { UpstreamPools } from '../dialer/upstream-pools.ts';
import { type Exchange, eventOf, refusedRequestOf } from '../events/exchange.ts';
import type { Recorder } from '../events/recorder.ts';
import type { MonotonicClock } from '../lease/lease-table.ts';
import { Refusal, refusalAnswer } from '../refusal.ts';
import type { Admission } from './admission.ts';
import { forward } from './forward.ts';
import { identityOf, type Judge, type JudgedRequest } from './judge-request.ts';
import { answerRefused } from './refuse.ts';
import { valuesOf } from './request-head.ts';

export interface Sender {
  /** Sends what was judged and answers with what comes back. @throws Refusal when nothing was sent */
  send(exchange: Exchange, judged: JudgedRequest, response: ServerResponse): Promise<void>;
  /** Ends what is under way and would be judged otherwise now. To be called at each change of the policy. */
  recheck(): void;
}

export interface SenderOptions {
  readonly admission: Admission;
  readonly judge: Pick<Judge, 'stillHolds'>;
  readonly pools: UpstreamPools;
  readonly recorder: Recorder;
  readonly clock: MonotonicClock;
  readonly bodySilenceMs: number;
}

/** The last look before anything leaves: the lease and the judgement must still hold, and the event be in the spool. */
export function createSender({ admission, judge, pools, recorder, clock, bodySilenceMs }: SenderOptions): Sender {
  const underWay = new Map<Exchange, JudgedRequest>();

  function upstreamOf(exchange: Exchange, { lease, target, decision }: JudgedRequest) {
    return pools.get({
      scope: lease.request.scope,
      scheme: exchange.scheme,
      connection: identityOf(decision),
      authority: target.authority,
      exceptions: ruleMatch(decision.rule).addresses,
    });
  }

  async function carry(exchange: Exchange, judged: JudgedRequest, response: ServerResponse): Promise<void> {
    const { head, lease, decision, outgoing } = judged;
    const { outcome, reason } = decision;
    const code = outcome === 'injected' ? 'connection' : 'domain_entry';
    recorder.begin(eventOf(exchange, { outcome, code, reason, status: null }, clock));
    if (valuesOf(head.headers, 'expect').length > 0) response.writeContinue();

    const { status, sent, failure } = await forward({
      exchange,
      request: response.req,
      response,
      upstream: upstreamOf(exchange, judged),
      method: exchange.method,
      framing: head.framing,
      bodySilenceMs,
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
    const ending = { outcome: sent ? outcome : 'blocked', ...failure, status: answer?.status ?? status } as const;
    recorder.finish(eventOf(exchange, ending, clock), lease);
    if (answer) answerRefused(response, answer);
    else response.destroy();
  }

  return {
    async send(exchange, judged, response) {
      // Reading the credential may have taken a while; much may have ended since.
      if (exchange.fault) throw exchange.fault;
      if (admission.admit(exchange.client) !== judged.lease) {
        throw new Refusal('lease_ended', 'The turn of this request ended.');
      }
      if (!judge.stillHolds(exchange, judged)) throw policyChanged();
      underWay.set(exchange, judged);
      try {
        await carry(exchange, judged, response);
      } finally {
        underWay.delete(exchange);
      }
    },
    recheck() {
      for (const [exchange, judged] of underWay) {
        if (judge.stillHolds(exchange, judged)) continue;
        exchange.cut(policyChanged());
      }
    },
  };
}

function policyChanged(): Refusal {
  return new Refusal('policy_changed', 'The access rules were changed while this request was under way.');
}
