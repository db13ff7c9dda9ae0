import type { ServerResponse } from 'node:http';
import type { Injection } from '../credentials/injection.ts';
import type { OwnTls } from '../dialer/trust.ts';
import type { UpstreamPools } from '../dialer/upstream-pools.ts';
import { type Exchange, eventOf, refusedRequestOf } from '../events/exchange.ts';
import type { Recorder } from '../events/recorder.ts';
import type { MonotonicClock } from '../lease/lease-table.ts';
import type { PersonalFeed } from '../policy/personal-feed.ts';
import { Refusal, refusalAnswer } from '../refusal.ts';
import type { Admission } from './admission.ts';
import type { AnswerMasks } from './answer-mask.ts';
import type { BodyBudget } from './body-budget.ts';
import { withBodyCredential } from './body-dependent.ts';
import { forward } from './forward.ts';
import { identityOf, type Judge, type JudgedRequest } from './judge-request.ts';
import { hasLostConnection, withLostConnections } from './lost-connections.ts';
import type { Outgoing } from './outgoing.ts';
import { answerRefused } from './refuse.ts';

export interface Sender {
  /** Sends a judged request and streams the host's answer back. @throws Refusal when nothing was sent */
  send(exchange: Exchange, judged: JudgedRequest, response: ServerResponse): Promise<void>;
  /**
   * Ends open requests that the current policy would judge differently, or whose credential has ended. Call it at each
   * change of the policy, and when the overlap of a rotation ends.
   */
  recheck(): void;
  /** Ends open requests with a connection that its person has removed or entered anew. Call it when people may have done that. */
  recheckPeople(): Promise<void>;
}

export interface SenderOptions {
  readonly admission: Admission;
  readonly judge: Pick<Judge, 'stillHolds'>;
  readonly personal: PersonalFeed;
  readonly pools: UpstreamPools;
  readonly recorder: Recorder;
  readonly clock: MonotonicClock;
  readonly bodySilenceMs: number;
  readonly bodies: BodyBudget;
  readonly masks: AnswerMasks;
  /** Told of each answer of a host, for the tokens of people (token-answers.ts). */
  readonly onAnswer: (judged: JudgedRequest, status: number | null) => void;
}

/**
 * Checks once more before anything leaves, because reading a body and opening a credential take time:
 * 1. A request is judged, and its credential is being opened.
 * 2. Meanwhile the turn ends, the policy changes, or a person removes their connection.
 * 3. `send` looks at all of these again and refuses. Therefore nothing leaves after the end of a turn.
 *
 * A request is under way before that look begins. So a removal that the look misses finds it in `recheckPeople`.
 * The event of the request is in the spool before its first byte is sent.
 */
export function createSender(options: SenderOptions): Sender {
  const { admission, judge, personal, pools, recorder, clock, bodySilenceMs, bodies, masks, onAnswer } = options;
  const underWay = new Map<Exchange, JudgedRequest>();

  function upstreamOf(exchange: Exchange, judged: JudgedRequest) {
    const { lease, target, decision } = judged;
    return pools.get({
      scope: lease.request.scope,
      principal: lease.request.principal,
      scheme: exchange.scheme,
      connection: identityOf(decision),
      authority: target.authority,
      exceptions: decision.rule.match.addresses,
      own: ownTlsOf(judged),
    });
  }

  async function carry(exchange: Exchange, judged: JudgedRequest, response: ServerResponse): Promise<void> {
    const { head, lease, decision, body, content } = judged;
    const minted = judged.injection?.way === 'headers' ? judged.injection.minted : undefined;
    const { outcome, reason, rule } = decision;
    const isServer = exchange.client.server !== null;
    const code = isServer ? 'mcp_server' : rule.from === 'connection' ? 'connection' : 'domain_entry';
    recorder.begin(eventOf(exchange, { outcome, code, reason, status: null }, clock));
    const reading = { budget: bodies, sandbox: exchange.client.sandbox, silenceMs: bodySilenceMs, proceed: body.goOn };
    // Reading a body takes time. `forward` sends nothing when the request was cut meanwhile, or the client went away.
    const { outgoing, release } = await withBodyCredential(judged, response.req, reading);
    body.goOn();
    const { status, sent, echoed, failure } = await forward({
      exchange,
      request: response.req,
      response,
      upstream: upstreamOf(exchange, judged),
      method: exchange.method,
      framing: head.framing,
      answer: content.answer,
      hiddenMember: content.hiddenMember ?? null,
      masks,
      reserve: (bytes) => bodies.take(exchange.client.sandbox, bytes),
      bodySilenceMs,
      outgoing,
      ...(minted ? { renew: async () => rebuilt(judged, await minted.renew()) } : {}),
    }).finally(release);
    // It may be that the request could not be sent again. The next one gets another token.
    if (status === 401) minted?.refused();
    if (!failure) onAnswer(judged, status);
    if (!failure) {
      const known = echoed ? `${reason} ${ECHOED}` : reason;
      recorder.finish(eventOf(exchange, { outcome, code, reason: known, status }, clock), lease);
      return;
    }
    const isTold = status === null && failure !== 'client_abort';
    const answer = isTold ? refusalAnswer(failure, refusedRequestOf(exchange)) : null;
    const why =
      failure === 'client_abort'
        ? { code: failure, reason: 'The client broke off.' }
        : { code: failure.code, reason: failure.recorded };
    const ending = { outcome: sent ? outcome : 'blocked', ...why, status: answer?.status ?? status } as const;
    const told = failure === 'client_abort' ? why.reason : failure.message;
    recorder.finish(eventOf(exchange, ending, clock), lease, told);
    if (answer) answerRefused(response, answer);
    else response.destroy();
  }

  async function checkOnceMore(exchange: Exchange, judged: JudgedRequest): Promise<void> {
    if (await hasLostConnection(personal, judged)) throw policyChanged();
    // A change of the policy or a broken body may have failed the request by now.
    if (exchange.fault) throw exchange.fault;
    if (admission.admit(exchange.client) !== judged.lease) {
      throw new Refusal('lease_ended', 'The turn of this request ended.');
    }
    if (!judge.stillHolds(exchange, judged)) throw policyChanged();
  }

  return {
    async send(exchange, judged, response) {
      underWay.set(exchange, judged);
      try {
        await checkOnceMore(exchange, judged);
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
    async recheckPeople() {
      for (const exchange of await withLostConnections(personal, underWay)) exchange.cut(policyChanged());
    },
  };
}

/** For the administrator: this host shows what it is sent. */
const ECHOED = 'The host repeated the credential in its answer, where it was overwritten.';

function rebuilt({ rebuild }: JudgedRequest, injection: Injection | null): Outgoing | null {
  return injection === null ? null : rebuild(injection);
}

/** The authorities of the connection, also for rules that attach nothing, and its client certificate. */
function ownTlsOf({ decision, injection }: JudgedRequest): OwnTls | null {
  const { rule } = decision;
  const ca = rule.from === 'connection' ? rule.connection.ca : null;
  const client = injection?.way === 'client-certificate' ? injection : null;
  return ca === null && client === null ? null : { ca, client };
}

function policyChanged(): Refusal {
  return new Refusal(
    'policy_changed',
    'The access rules or the credential were changed while this request was under way.',
  );
}
