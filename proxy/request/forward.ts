import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Exchange } from '../events/exchange.ts';
import { Refusal } from '../refusal.ts';
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
  readonly framing: Framing;
}

/** How it ended, once something of it had left. */
export interface Forwarded {
  /** What the sandbox received; null when it got no head. */
  readonly status: number | null;
  /** Null when all went well. */
  readonly failure: {
    readonly code: 'client_abort' | 'upstream_protocol' | 'body_timeout' | 'bad_framing';
    readonly reason: string;
  } | null;
}

/**
 * Sends a judged request to its host and streams the answer back. Each side is read only as fast as the other takes
 * it. Nothing is followed, repeated or kept.
 * @throws Refusal when no connection came about, so that nothing was sent
 */
export function forward(forwarding: Forwarding): Promise<Forwarded> {
  const { exchange, request, response, upstream, method, target, headers, framing } = forwarding;
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | null = null;
    let clientGone = false;

    const sent = () => (response.headersSent ? response.statusCode : null);
    const onClientClose = () => {
      if (response.writableFinished) return;
      clientGone = true;
      controller?.abort(new Error('the client went away'));
    };
    response.once('close', onClientClose);

    function failed(error: Error): void {
      response.off('close', onClientClose);
      const fault = error instanceof Refusal ? bodyFault(error) : null;
      if (error instanceof Refusal && !fault && !response.headersSent) {
        reject(error);
        return;
      }
      const broken = { code: 'upstream_protocol', reason: `${exchange.host} broke off (${codeOf(error)}).` } as const;
      const gone = { code: 'client_abort', reason: 'The client broke off.' } as const;
      resolve({ status: sent(), failure: fault ?? (clientGone ? gone : broken) });
    }

    upstream.dispatch(
      {
        path: target,
        method: method as Dispatcher.HttpMethod,
        headers: headers.flat(),
        body: framing.kind === 'none' || isEmpty(framing) ? null : outboundBody(request, exchange),
      },
      {
        onRequestStart(started) {
          controller = started;
          if (clientGone) started.abort(new Error('the client went away'));
        },
        onResponseStart(answer, status, _headers, statusMessage) {
          // Interim answers (1xx) belong to the connection they came on.
          if (status < 200) return;
          response.sendDate = false;
          if (!request.complete) response.shouldKeepAlive = false;
          const raw = (answer.rawHeaders ?? []) as (Buffer | string)[];
          response.writeHead(status, reasonPhrase(statusMessage), responseHeaders(raw));
          response.on('drain', () => answer.resume());
        },
        onResponseData(answer, chunk) {
          exchange.bytesIn += chunk.length;
          if (!response.write(chunk)) answer.pause();
        },
        onResponseEnd() {
          response.off('close', onClientClose);
          response.end(() => resolve({ status: sent(), failure: null }));
          response.once('close', () => resolve({ status: sent(), failure: null }));
        },
        onResponseError: (_controller, error) => failed(error),
      },
    );
  });
}

/** The sandbox's own fault, found while its body was on its way. */
function bodyFault({ code, message }: Refusal): Forwarded['failure'] {
  return code === 'body_timeout' || code === 'bad_framing' ? { code, reason: message } : null;
}

function isEmpty(framing: Framing): boolean {
  return framing.kind === 'length' && framing.length === 0;
}

/** Only what `writeHead` takes; it is for people and means nothing. */
function reasonPhrase(text: string | undefined): string {
  return (text ?? '').replace(/[^\t\x20-\x7e]/g, '');
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? 'broken';
}
