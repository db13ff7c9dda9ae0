import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Exchange } from '../events/exchange.ts';
import { endResponseLingering } from '../listener/lingering.ts';
import { Refusal, type RefusalCode } from '../refusal.ts';
import { outboundBody } from './outbound-body.ts';
import type { Framing } from './request-head.ts';
import { responseHeaders } from './response-headers.ts';

export interface Forwarding {
  readonly exchange: Exchange;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upstream: Pick<Dispatcher, 'dispatch'>;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly [string, string][];
  readonly headBytes: number;
  readonly framing: Framing;
  /** How long its body may stand still. */
  readonly bodySilenceMs: number;
}

/** How it ended, once something of it had left. */
export interface Forwarded {
  /** What the sandbox received; null when it got no head. */
  readonly status: number | null;
  /** False when the sandbox broke off before anything had left. */
  readonly sent: boolean;
  /** Null when all went well. */
  readonly failure: { readonly code: RefusalCode | 'client_abort'; readonly reason: string } | null;
}

/**
 * Sends a judged request to its host and streams the answer back. Each side is read only as fast as the other takes
 * it. Nothing is followed, repeated or kept.
 * @throws Refusal when no connection came about, so that nothing was sent
 */
export function forward(forwarding: Forwarding): Promise<Forwarded> {
  const { exchange, request, response, upstream, method, target, headers, framing } = forwarding;
  const body =
    framing.kind === 'none' || isEmpty(framing) ? null : outboundBody(request, exchange, forwarding.bodySilenceMs);
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | null = null;
    let clientGone = false;

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

    function failed(error: Error): void {
      response.off('close', onClientClose);
      body?.destroy();
      // What was read of a body meanwhile never left.
      if (controller === null) exchange.bytesOut = 0;
      if (error instanceof Refusal && controller === null) {
        reject(error);
        return;
      }
      const status = response.headersSent ? response.statusCode : null;
      const sent = controller !== null;
      if (clientGone) resolve({ status, sent, failure: { code: 'client_abort', reason: 'The client broke off.' } });
      else if (error instanceof Refusal)
        resolve({ status, sent, failure: { code: error.code, reason: error.message } });
      else resolve({ status, sent, failure: { code: 'upstream_protocol', reason: brokeOff(exchange.host, error) } });
    }

    upstream.dispatch(
      {
        path: target,
        method: method as Dispatcher.HttpMethod,
        headers: headers.flat(),
        body,
      },
      {
        onRequestStart(started) {
          // Connected, and nothing sent yet.
          if (exchange.fault) started.abort(exchange.fault);
          else if (clientGone) started.abort(new Error('the client went away'));
          else {
            controller = started;
            exchange.bytesOut += forwarding.headBytes;
          }
        },
        onResponseStart(answer, status, _headers, statusMessage) {
          // Interim answers (1xx) belong to the connection they came on.
          if (status < 200) return;
          // What this throws ends the answer as broken, before anything of it was passed on.
          const answerHeaders = responseHeaders((answer.rawHeaders ?? []) as (Buffer | string)[], status);
          response.sendDate = false;
          if (!request.complete) response.shouldKeepAlive = false;
          response.writeHead(status, reasonPhrase(statusMessage), answerHeaders);
          response.on('drain', () => answer.resume());
        },
        onResponseData(answer, chunk) {
          exchange.bytesIn += chunk.length;
          if (!response.write(chunk)) answer.pause();
        },
        onResponseEnd() {
          response.off('close', onClientClose);
          body?.destroy();
          const done = () => resolve({ status: response.statusCode, sent: true, failure: null });
          response.once('close', done);
          // The rest of an upload that was answered early is for nobody, but its sender has to come to the answer.
          if (request.complete) response.end(done);
          else endResponseLingering(response);
        },
        onResponseError: (_controller, error) => failed(error),
      },
    );
  });
}

function isEmpty(framing: Framing): boolean {
  return framing.kind === 'length' && framing.length === 0;
}

/** Only what `writeHead` takes; it is for people and means nothing. */
function reasonPhrase(text: string | undefined): string {
  return (text ?? '').replace(/[^\t\x20-\x7e]/g, '');
}

function brokeOff(host: string, error: Error): string {
  return `${host} broke off (${(error as NodeJS.ErrnoException).code ?? 'broken'}).`;
}
