import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CallToolResultSchema,
  ReadResourceResultSchema,
  McpError as RpcError,
} from '@modelcontextprotocol/sdk/types.js';
import type { AnswerRoom } from './answer-budget.ts';
import { McpError, quoted } from './errors.ts';
import { type AskServer, createServerFetch } from './server-fetch.ts';
import { READ_LINK, readResult, type ToolAnswer } from './tool-answer.ts';
import { type ListedTool, PageSchema, readListed } from './tool-definition.ts';

export interface SessionLimits {
  /** How long the greeting and each page of the list may take. */
  readonly listMs: number;
  /** How long a call may be silent. Progress counts as an answer. */
  readonly silenceMs: number;
  /** How long a call may take in all, whatever its progress. */
  readonly callMs: number;
  /** The most bytes of all answers together. */
  readonly maxBytes: number;
}

/** For a look at the list of tools. */
export const LOOK_LIMITS: SessionLimits = {
  listMs: 20_000,
  silenceMs: 20_000,
  callMs: 20_000,
  maxBytes: 4 * 1024 * 1024,
};

export const SESSION_LIMITS: SessionLimits = {
  listMs: 20_000,
  silenceMs: 120_000,
  callMs: 10 * 60_000,
  maxBytes: 16 * 1024 * 1024,
};

/** A server has at most this many tools. Further ones are not looked at. */
export const MAX_TOOLS = 200;
const MAX_PAGES = 20;
/** Of one answer. */
const MAX_LINKS = 10;
/** A stream that broke off may be taken up again. After this long without one, nothing more is waited for. */
const TAKEN_UP_WITHIN_MS = 4_000;
const FAREWELL_MS = 2_000;

export interface SessionOptions {
  readonly signal: AbortSignal;
  readonly limits: SessionLimits;
  /** Where the bytes of its answers are counted. It is closed with the session. @default nowhere */
  readonly room?: AnswerRoom;
}

/** A session with an MCP server, from its greeting to its end. Every method rejects with {@link McpError}. */
export interface McpSession {
  /** What the server calls itself, with its version. Its own words. */
  readonly name: string;
  listTools(): Promise<ListedTool[]>;
  callTool(call: ToolCall): Promise<ToolAnswer>;
}

export interface ToolCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** How far the server says that it is: `3 of 10`. Never words of its own, because people are shown this. */
  readonly onProgress: (progress: string) => void;
}

/**
 * Greets a server, does some work with it, and ends the session. When the signal aborts, the server is told that a call is
 * cancelled, and everything that is under way ends; the promise then rejects with the signal's reason.
 *
 * @throws McpError, or what `ask` throws
 */
export async function withServer<T>(
  url: string,
  ask: AskServer,
  { signal, limits, room }: SessionOptions,
  work: (session: McpSession) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  let open = 0;
  /** What is said without an answer: that a call is cancelled, for one. */
  const notes = new Set<Promise<unknown>>();
  let timer: NodeJS.Timeout | undefined;
  /** Aborted when nothing more can come, because no answer is being read and none was taken up again. */
  const lost = new AbortController();
  const fetch = createServerFetch({
    ask: (asked) =>
      ask(asked).catch((error: unknown) => {
        if (typeof error === 'object' && error !== null) ours.add(error);
        throw error;
      }),
    signal: ending.signal,
    maxBytes: limits.maxBytes,
    room: room ?? null,
    onNote(sent) {
      notes.add(sent);
      sent.catch(() => undefined).finally(() => notes.delete(sent));
    },
    onBegin() {
      open += 1;
      clearTimeout(timer);
    },
    onEnd() {
      open -= 1;
      if (open > 0 || ending.signal.aborted) return;
      timer = setTimeout(() => lost.abort(new McpError('ServerAway', 'The server broke off.')), TAKEN_UP_WITHIN_MS);
    },
    onBroken(error) {
      if (error instanceof McpError) lost.abort(error);
    },
  });
  const transport = new StreamableHTTPClientTransport(new URL(url), { fetch });
  const client = new Client({ name: 'bellhop', version: '1' }, { capabilities: {} });
  /** What `ask` threw, which is no fault of the server's. */
  const ours = new WeakSet<object>();
  const sdk = <R>(work: Promise<R>): Promise<R> =>
    work.catch((error: unknown) => {
      throw typeof error === 'object' && error !== null && ours.has(error) ? error : asMcpError(error);
    });
  const stop = AbortSignal.any([signal, lost.signal]);
  const options = { signal: stop, timeout: limits.listMs };

  /** Puts what an answer links to in the place of the link. A resource that cannot be read stays a link. */
  async function withLinks(content: readonly { readonly type: string; readonly uri?: unknown }[]): Promise<unknown[]> {
    if (!client.getServerCapabilities()?.resources) return [...content];
    const pieces: unknown[] = [];
    let links = 0;
    for (const piece of content) {
      const isLink = piece.type === 'resource_link' && typeof piece.uri === 'string';
      if (isLink) links += 1;
      if (!isLink || links > MAX_LINKS) {
        pieces.push(piece);
        continue;
      }
      const asked = { method: 'resources/read', params: { uri: String(piece.uri) } } as const;
      const read = await sdk(client.request(asked, ReadResourceResultSchema, options)).catch((error: unknown) => {
        if (stop.aborted || !(error instanceof McpError)) throw error;
        return null;
      });
      pieces.push(...(read ? read.contents.map((resource) => ({ type: READ_LINK, resource })) : [piece]));
    }
    return pieces;
  }

  try {
    await sdk(client.connect(transport, options));
    const server = client.getServerVersion();
    return await work({
      name: quoted(`${server?.name ?? ''} ${server?.version ?? ''}`, 100),
      async listTools() {
        const tools: ListedTool[] = [];
        let cursor: string | undefined;
        for (let page = 0; page < MAX_PAGES; page += 1) {
          const params = cursor === undefined ? {} : { cursor };
          const answer = await sdk(client.request({ method: 'tools/list', params }, PageSchema, options));
          // Further ones are not even read: a page may have a hundred thousand.
          const some = answer.tools.slice(0, MAX_TOOLS - tools.length);
          for (const each of understood(() => some.flatMap(readListed))) tools.push(each);
          cursor = answer.nextCursor;
          if (cursor === undefined || tools.length >= MAX_TOOLS) break;
        }
        // Of two with one name, nobody could say which is called.
        const names = new Set<string>();
        const first = tools.filter(({ definition: { name } }) => !names.has(name) && names.add(name));
        return first.slice(0, MAX_TOOLS);
      },
      async callTool({ name, arguments: given, onProgress }) {
        const answer = await sdk(
          client.request({ method: 'tools/call', params: { name, arguments: given } }, CallToolResultSchema, {
            signal: stop,
            timeout: limits.silenceMs,
            maxTotalTimeout: limits.callMs,
            resetTimeoutOnProgress: true,
            onprogress: ({ progress, total }) => onProgress(shown(progress, total)),
          }),
        );
        const content = await withLinks(answer.content);
        return understood(() => readResult({ ...answer, content }));
      },
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    clearTimeout(timer);
    await within(FAREWELL_MS, [...notes, farewell(transport, lost.signal.aborted)]);
    ending.abort();
    clearTimeout(timer);
    await client.close().catch(() => undefined);
    room?.close();
  }
}

function shown(progress: number, total: number | undefined): string {
  const text = (number: number) => String(Math.round(number * 100) / 100).slice(0, 12);
  return total === undefined ? text(progress) : `${text(progress)} of ${text(total)}`;
}

/** Servers keep a session until it is ended. */
async function farewell(transport: StreamableHTTPClientTransport, isLost: boolean): Promise<void> {
  if (!isLost && transport.sessionId !== undefined) await transport.terminateSession();
}

/** Waits until all are done, but not for longer than `ms`. */
async function within(ms: number, work: readonly Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([Promise.allSettled(work), late]);
  clearTimeout(timer);
}

/** What is nested too deeply is more than the stack holds. */
function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new McpError('ServerFailed', 'The server does not answer as an MCP server does.', { cause: error });
  }
}

/** What the SDK throws, in our words. */
function asMcpError(error: unknown): McpError {
  if (error instanceof McpError) return error;
  if (error instanceof RpcError) {
    // https://www.jsonrpc.org/specification#error_object; -32001 is the SDK's own for a time limit.
    if (error.code === -32001)
      return new McpError('NoAnswerInTime', 'The server did not answer in time.', { cause: error });
    return new McpError('ServerFailed', `The server says: ${quoted(error.message)}`, { cause: error });
  }
  if (error instanceof StreamableHTTPError) {
    const status = error.code ?? 0;
    if (status < 100)
      return new McpError('ServerFailed', 'The server does not answer as an MCP server does.', { cause: error });
    const meaning = MEANINGS[status] ?? (status >= 500 ? ': it has a fault of its own' : '');
    return new McpError(status >= 500 ? 'ServerAway' : 'ServerRefused', `The server answered ${status}${meaning}.`, {
      cause: error,
    });
  }
  return new McpError('ServerFailed', 'The server does not answer as an MCP server does.', { cause: error });
}

const MEANINGS: Readonly<Record<number, string>> = {
  401: ': it does not accept the credential',
  403: ': its credential does not suffice',
  404: ': there is nothing at this address',
  429: ': it wants fewer requests',
};
