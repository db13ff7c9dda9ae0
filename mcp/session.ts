import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { within } from '../contracts/within.ts';
import { createAnswerBounds } from './answer-bounds.ts';
import type { AnswerRoom } from './answer-budget.ts';
import { answerQuestions, CAPABILITIES, type Elicit } from './elicitation.ts';
import { McpError } from './errors.ts';
import { screenMessage } from './screen-message.ts';
import { asMcpError } from './sdk-errors.ts';
import { type AskServer, createServerFetch } from './server-fetch.ts';
import { createTalk } from './talk.ts';
import type { ToolAnswer } from './tool-answer.ts';
import type { ListedTool } from './tool-definition.ts';

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

/** A stream that broke off may be taken up again. After this long without one, nothing more is waited for. */
const TAKEN_UP_WITHIN_MS = 4_000;
const FAREWELL_MS = 2_000;

export interface SessionOptions {
  readonly signal: AbortSignal;
  readonly limits: SessionLimits;
  /** Where the bytes of its answers are counted. Whoever has opened it closes it. @default nowhere */
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
  /** Puts a question of the server to a person. @default it is cancelled */
  readonly elicit?: Elicit;
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
    bounds: createAnswerBounds(limits.maxBytes, room ?? null),
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
  let isGreeted = false;
  // The SDK calls it before its own.
  transport.onmessage = (message) => {
    try {
      screenMessage(message, isGreeted);
    } catch (error) {
      lost.abort(error);
      throw error;
    }
  };
  const client = new Client({ name: 'bellhop', version: '1' }, { capabilities: CAPABILITIES });
  answerQuestions(client, null);
  /** What `ask` threw, which is no fault of the server's. */
  const ours = new WeakSet<object>();
  const sdk = <R>(work: Promise<R>): Promise<R> =>
    work.catch((error: unknown) => {
      throw typeof error === 'object' && error !== null && ours.has(error) ? error : asMcpError(error);
    });
  const stop = AbortSignal.any([signal, lost.signal]);
  const options = { signal: stop, timeout: limits.listMs };

  try {
    await sdk(client.connect(transport, options));
    isGreeted = true;
    return await work(createTalk({ client, limits, stop, sdk }));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    clearTimeout(timer);
    await within(FAREWELL_MS, Promise.allSettled([...notes, farewell(transport, lost.signal.aborted)]));
    ending.abort();
    clearTimeout(timer);
    await client.close().catch(() => undefined);
  }
}

/** Servers keep a session until it is ended. */
async function farewell(transport: StreamableHTTPClientTransport, isLost: boolean): Promise<void> {
  if (!isLost && transport.sessionId !== undefined) await transport.terminateSession();
}
