import type { Readable } from 'node:stream';
import type { AnswerBounds } from './answer-bounds.ts';
import { McpError, quoted } from './errors.ts';

/** One request to the address of an MCP server, and its answer. The Agent Proxy sends it and attaches the credential. */
export type AskServer = (ask: {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly signal: AbortSignal;
}) => Promise<{
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}>;

export interface ServerFetchOptions {
  readonly ask: AskServer;
  /** Ends everything that is under way. */
  readonly signal: AbortSignal;
  readonly bounds: AnswerBounds;
  /** Called when a request is sent, and when its answer was read or none came. */
  readonly onBegin: () => void;
  readonly onEnd: () => void;
  /** Called with each message that asks for no answer, while it is being sent. */
  readonly onNote: (sent: Promise<unknown>) => void;
  /** What goes wrong while a body is read. The SDK only notes it, and would wait for ever. */
  readonly onBroken: (error: unknown) => void;
}

/** Answers that the SDK asks for of its own accord. There is none: a session of ours has no stream beside its requests. */
const NO_STREAM = 405;
const MAX_REFUSAL = 64 * 1024;
/** How often a stream that broke off is taken up again in one session. A server may ask for it at once, again and again. */
const MAX_RESUMED = 20;
/** With these codes the proxy also cuts requests that have left already. */
const AFTER_SENDING: ReadonlySet<string> = new Set(['policy_changed', 'lease_ended', 'internal']);

/**
 * The `fetch` that the SDK is given. It knows one address, that of the server, and opens no connection. Redirects are not
 * followed: the credential is for this address.
 */
export function createServerFetch(
  options: ServerFetchOptions,
): (url: unknown, init?: RequestInit) => Promise<Response> {
  const { ask, signal, bounds, onBegin, onEnd, onNote, onBroken } = options;
  let resumed = 0;
  let isRefused = false;

  /** The body as the SDK reads it, as far as it may be read. */
  function readable(body: Readable): ReadableStream<Uint8Array<ArrayBuffer>> {
    const pieces = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array<ArrayBuffer>>;
    return new ReadableStream({
      async pull(controller) {
        try {
          const { done, value } = await pieces.next();
          if (done) return controller.close();
          bounds.read(value);
          controller.enqueue(value);
        } catch (error) {
          body.destroy();
          onBroken(error);
          controller.error(error);
        }
      },
      cancel: () => void body.destroy(),
    });
  }

  function bounded(check: () => void): void {
    try {
      check();
    } catch (error) {
      onBroken(error);
      throw error;
    }
  }

  function noteResumed(): void {
    resumed += 1;
    if (resumed > MAX_RESUMED) throw new McpError('ServerFailed', 'The server broke off its answers too often.');
  }

  async function send(ask: AskServer, asked: Parameters<AskServer>[0]): Promise<Response> {
    const { status, headers, body } = await ask(asked);
    body.on('error', () => {});
    body.once('close', onEnd);
    if (headers['x-agent-proxy'] !== undefined) {
      isRefused = true;
      throw await refusalOf(body);
    }
    if (status >= 300 && status < 400) {
      body.destroy();
      throw new McpError('ServerRefused', `The server redirects elsewhere (${status}), which is not followed.`);
    }
    const said = Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value] as [string, string]],
    );
    if (status !== 204 && status !== 205) return new Response(readable(body), { status, headers: said });
    body.destroy();
    return new Response(null, { status, headers: said });
  }

  return async (_url, init = {}) => {
    const headers = new Headers(init.headers);
    const method = methodOf(init.method);
    // A call that the proxy has cut must not get its result by another request.
    if (method === 'GET' && (isRefused || !headers.has('last-event-id')))
      return new Response(null, { status: NO_STREAM });
    const stop = init.signal ? AbortSignal.any([signal, init.signal]) : signal;
    const body = typeof init.body === 'string' ? init.body : null;
    const message = body === null ? {} : (JSON.parse(body) as object);
    if (body !== null && !('method' in message)) bounded(bounds.question);
    if (method === 'GET') bounded(noteResumed);
    onBegin();
    let isRead = false;
    const sent = send(
      async (asked) => {
        const answer = await ask(asked);
        isRead = true;
        return answer;
      },
      { method, headers: Object.fromEntries(headers), body, signal: stop },
    ).catch((error: unknown) => {
      if (!isRead) onEnd();
      throw error;
    });
    if (body !== null && !('id' in message)) onNote(sent);
    return sent;
  };
}

function methodOf(method = 'GET'): 'POST' | 'GET' | 'DELETE' {
  return method === 'POST' || method === 'DELETE' ? method : 'GET';
}

/** The proxy's own refusal, which only it can send: it removes the header from every answer of a host. */
async function refusalOf(body: Readable): Promise<McpError> {
  let text = '';
  for await (const chunk of body.setEncoding('utf8')) if (text.length < MAX_REFUSAL) text += String(chunk);
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string; hint: string; retry: boolean } };
    const words = `${error.message} ${error.hint} (${error.code})`;
    return new McpError(error.retry || AFTER_SENDING.has(error.code) ? 'ServerAway' : 'ProxyRefused', words);
  } catch {
    return new McpError('ProxyRefused', `The Agent Proxy refused: ${quoted(text)}`);
  }
}
