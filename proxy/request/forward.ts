import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Upstream } from '../dialer/upstream-pools.ts';
import type { Exchange } from '../events/exchange.ts';
import { endResponseLingering } from '../listener/lingering.ts';
import { Refusal } from '../refusal.ts';
import type { AnswerMasks } from './answer-mask.ts';
import { attempt } from './attempt.ts';
import type { HeldAnswer } from './held-answer.ts';
import { outboundBody } from './outbound-body.ts';
import type { Outgoing } from './outgoing.ts';
import { KEPT_BODY_BYTES, type RepeatableBody, repeatableBody, wholeBody } from './repeatable-body.ts';
import type { Framing } from './request-head.ts';

export interface Forwarding {
  readonly exchange: Exchange;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upstream: Upstream;
  readonly method: string;
  readonly outgoing: Outgoing;
  readonly framing: Framing;
  /** How the answer is read before it is passed on. Null passes it on as it comes. */
  readonly answer: HeldAnswer | null;
  /** The name of a member whose text is overwritten in a JSON answer. */
  readonly hiddenMember: string | null;
  readonly masks: AnswerMasks;
  /** Sets memory aside for an answer that is held. Returns what gives it back. @throws Refusal when there is none now */
  readonly reserve: (bytes: number) => () => void;
  /** How long the client may pause while it sends the body. */
  readonly bodySilenceMs: number;
  /**
   * Called at most once, with the first answer of status 401. A head that it resolves with is sent instead, and the 401
   * is thrown away. Null passes the 401 on. It is not called when a part of the body is not there any more.
   */
  readonly renew?: () => Promise<Outgoing | null>;
}

/** How a forwarded request ended. */
export interface Forwarded {
  /** The status that the sandbox received. Null when it received no head. */
  readonly status: number | null;
  /** False when the sandbox broke off before anything had left. */
  readonly sent: boolean;
  /** Whether the host repeated the credential in its answer, where it was overwritten. */
  readonly echoed: boolean;
  /** Null when all went well. */
  readonly failure: Refusal | 'client_abort' | null;
}

/** Methods whose request has the same effect when the host gets it twice (RFC 9110 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/**
 * Sends a judged request to its host and streams the answer back. Redirects are not followed, and nothing is cached. A
 * request is sent once more in two cases, each at most once, and only while its whole body is still there:
 *
 * 1. A reused connection broke before the first byte of an answer, and the method is idempotent. Hosts close kept
 *    connections whenever they like, so a request may meet one that is closing (RFC 9112 9.3.1). The bytes of both
 *    attempts are counted.
 * 2. The host answered 401, and `renew` has another credential.
 *
 * The second attempt has a new connection of its own, so that it cannot meet a closing one again.
 * @throws Refusal when the host could not be connected, so that nothing was sent
 */
export async function forward(forwarding: Forwarding): Promise<Forwarded> {
  const { exchange, request, response, upstream, method, framing } = forwarding;
  const hasBody = framing.kind === 'chunked' || (framing.kind === 'length' && framing.length > 0);
  let mayResend = IDEMPOTENT.has(method);
  let renew = forwarding.renew ?? null;
  const keepBytes = mayResend || renew ? KEPT_BODY_BYTES : 0;
  const body = hasBody ? bodyOf(forwarding, keepBytes) : null;

  let controller: Dispatcher.DispatchController | null = null;
  let sent = false;
  let clientGone = false;
  let isEchoed = () => false;
  const onClientClose = () => {
    if (response.writableFinished) return;
    clientGone = true;
    controller?.abort(new Error('the client went away'));
  };
  exchange.cut = (fault) => {
    exchange.fault ??= fault;
    controller?.abort(fault);
  };
  response.once('close', onClientClose);
  if (response.destroyed) onClientClose();

  const canRepeat = () => !clientGone && !exchange.fault && (body?.canRepeat() ?? true);

  function send(outgoing: Outgoing, dispatch: Dispatcher['dispatch']) {
    const mask = forwarding.masks.maskOf(outgoing.hidden);
    isEchoed = () => mask?.hasHidden() ?? false;
    return attempt({
      method,
      outgoing,
      body: body?.stream() ?? null,
      dispatch,
      response,
      answer: forwarding.answer,
      hiddenMember: forwarding.hiddenMember,
      mask,
      reserve: forwarding.reserve,
      onStart(started) {
        if (exchange.fault) throw exchange.fault;
        if (clientGone) throw new Error('the client went away');
        controller = started;
        sent = true;
        exchange.bytesOut += outgoing.headBytes;
      },
      instead(status) {
        if (status !== 401 || renew === null || !canRepeat()) return null;
        const asked = renew();
        renew = null;
        // More of the body may have been sent meanwhile than is kept.
        return asked.then((next) => (canRepeat() ? next : null));
      },
      onAnswer: () => body?.settle(),
      onData(bytes) {
        exchange.bytesIn += bytes;
      },
    });
  }

  let { outgoing } = forwarding;
  // A request that may not be sent twice does not take a connection that the host may be closing.
  let dispatch = !mayResend && upstream.closesEarly ? upstream.onNew : upstream.onKept;
  for (;;) {
    const end = await send(outgoing, dispatch);
    dispatch = upstream.onNew;
    if (end.kind === 'answered') {
      response.off('close', onClientClose);
      body?.destroy();
      await ended(request, response);
      return { status: response.statusCode, sent: true, echoed: isEchoed(), failure: null };
    }
    if (end.kind === 'replaced') {
      outgoing = end.outgoing;
    } else if (end.kind === 'failed' && end.isUnanswered && mayResend && canRepeat()) {
      mayResend = false;
    } else {
      response.off('close', onClientClose);
      body?.destroy();
      return failed(end.error);
    }
  }

  function failed(error: Error): Forwarded {
    if (!sent) {
      // The request never started, so the part of the body that was read did not leave.
      exchange.bytesOut = 0;
      if (error instanceof Refusal) throw error;
    }
    const status = response.headersSent ? response.statusCode : null;
    const echoed = isEchoed();
    if (clientGone) return { status, sent, echoed, failure: 'client_abort' };
    const failure = exchange.fault ?? (error instanceof Refusal ? error : brokeOff(exchange.host, error));
    return { status, sent, echoed, failure };
  }
}

function bodyOf({ outgoing, request, exchange, bodySilenceMs }: Forwarding, keepBytes: number): RepeatableBody {
  if (outgoing.body) return wholeBody(outgoing.body, exchange);
  const body = outboundBody(request, exchange, bodySilenceMs);
  // `pipeline` destroys the one when the other fails. The error reaches whoever reads the last.
  const sent = outgoing.rewriteBody ? pipeline(body, outgoing.rewriteBody(), () => {}) : body;
  return repeatableBody(sent, keepBytes);
}

/** Ends an answer whose body has been written. Resolves when it was sent, or when the client is gone. */
function ended(request: IncomingMessage, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve);
    // The host may answer before the upload is complete. Then the rest is read and thrown away, because many clients
    // read the answer only after they have written everything.
    if (request.complete) response.end(resolve);
    else endResponseLingering(response);
  });
}

function brokeOff(host: string, error: Error): Refusal {
  const why = (error as NodeJS.ErrnoException).code ?? 'broken';
  return new Refusal('upstream_protocol', `${host} broke off (${why}).`, { detail: error.message });
}
