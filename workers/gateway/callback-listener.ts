import http from 'node:http';
import { titleOf } from '../../slack/personal/words.ts';
import { type CallbackAddress, offerOfPath } from './callback-address.ts';
import type { CallbackPage, TakeCallback } from './take-callback.ts';

export interface CallbackListener {
  stop(): Promise<void>;
}

export interface CallbackListenerOptions {
  readonly callback: CallbackAddress;
  readonly take: TakeCallback;
  /** Never the address of a request: a code is in its query. */
  readonly onError: (error: unknown) => void;
}

/** Anybody may ask here. Beyond this many at once they are turned away. */
const MOST_AT_ONCE = 32;
const MOST_CONNECTIONS = 256;
/** Codes of some servers are signed texts of a few kilobytes. */
const MOST_QUERY = 6_000;
const SLOWEST_MS = 10_000;

/** No script, no picture, no frame, nothing kept; and the next page is not told where the browser has been. */
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
} as const;

/**
 * The one place where something from outside connects to Bellhop: browsers that a service leads back after a person has
 * allowed something there. It answers one path, to GET, and shows nothing that anybody but that person can use.
 */
export async function startCallbackListener(options: CallbackListenerOptions): Promise<CallbackListener> {
  const { callback, take, onError } = options;
  let underWay = 0;

  async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s);
    const offer = offerOfPath(callback, path);
    if (offer === null || query.length > MOST_QUERY) return show(response, 404, 'Nothing is here.');
    if (request.method !== 'GET') return show(response, 405, 'Only GET is answered here.');
    if (request.headers.host?.toLowerCase() !== callback.host.toLowerCase()) {
      return show(response, 421, 'This address is not the one in BELLHOP_CALLBACK_URL.');
    }
    if (underWay >= MOST_AT_ONCE) return show(response, 503, 'Too many at once. Please load this page again.');
    underWay += 1;
    try {
      const page = await take(offer, query);
      show(response, page.kind === 'proof' || page.kind === 'not-allowed' ? 200 : 400, textOf(page));
    } catch (error) {
      onError(error);
      show(response, 503, 'This could not be stored just now. Please load this page again in a moment.');
    } finally {
      underWay -= 1;
    }
  }

  const server = http.createServer((request, response) => {
    request.resume();
    void answer(request, response);
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.headersTimeout = SLOWEST_MS;
  server.requestTimeout = SLOWEST_MS;
  server.keepAliveTimeout = 1_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(callback.listen.port, callback.listen.host, resolve);
  });
  server.on('error', onError);
  return {
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), SLOWEST_MS);
      await closed;
      clearTimeout(late);
    },
  };
}

function textOf(page: CallbackPage): string {
  switch (page.kind) {
    case 'proof':
      return [
        `Go back to Slack and press the button there. Enter these letters: <strong>${page.proof}</strong>`,
        `If you did not ask Bellhop in Slack for ${titleOf({ name: page.offer })} just now, close this page and tell nobody the letters: then somebody wants to use your account.`,
      ].join('</p><p>');
    case 'not-allowed':
      return 'You did not allow it, so nothing is connected.';
    case 'refused':
      return 'This answer is not one of the service that was asked, so it was not used. Nothing is connected.';
    case 'unknown':
      return 'This link is over: it works once, for ten minutes. Ask for another one in Slack.';
  }
}

function show(response: http.ServerResponse, status: number, text: string): void {
  const style =
    'body{font:1.1rem/1.5 system-ui;max-width:34rem;margin:4rem auto;padding:0 1rem}strong{font-size:1.6rem}';
  response.writeHead(status, HEADERS);
  response.end(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Bellhop</title><style>${style}</style><h1>Bellhop</h1><p>${text}</p></html>\n`,
  );
}
