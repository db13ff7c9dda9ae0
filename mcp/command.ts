/** MCP over the input and output of a command (https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#stdio). */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { type JSONRPCMessage, JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js';
import { type AnswerBounds, createAnswerBounds } from './answer-bounds.ts';
import { answerQuestions, CAPABILITIES } from './elicitation.ts';
import { McpError, quoted } from './errors.ts';
import { createLineBuffer } from './line-buffer.ts';
import { screenMessage } from './screen-message.ts';
import { asMcpError } from './sdk-errors.ts';
import type { McpSession, SessionLimits, SessionOptions } from './session.ts';
import { createTalk } from './talk.ts';

/** A command with pipes, which somebody else has started. */
export interface CommandPipe {
  readonly output: AsyncIterable<Buffer>;
  /** The last that it said beside its output. */
  words(): string;
  write(bytes: Buffer): Promise<void>;
  close(): void;
}

/** Some commands fetch their program first. */
export const COMMAND_LIMITS: SessionLimits = {
  listMs: 60_000,
  silenceMs: 120_000,
  callMs: 10 * 60_000,
  maxBytes: 16 * 1024 * 1024,
};

/** How often the output may hold a line that is no message. Some servers write their log there. */
const MAX_ODD_LINES = 1_000;
const NEWLINE = 0x0a;

/**
 * Greets a server that was started as a command, does some work with it, and ends it. Every failure of the server is an
 * {@link McpError}; when the signal aborts, the promise rejects with its reason.
 */
export async function withCommand<T>(
  pipe: CommandPipe,
  { signal, limits, room }: SessionOptions,
  work: (session: McpSession) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const client = new Client({ name: 'bellhop', version: '1' }, { capabilities: CAPABILITIES });
  answerQuestions(client, null);
  const stop = AbortSignal.any([signal, lost.signal]);
  let isGreeted = false;
  const transport = createTransport(pipe, {
    bounds: createAnswerBounds(limits.maxBytes, room ?? null),
    screen: (message) => screenMessage(message, isGreeted),
    onLost: (error) => lost.abort(error),
  });
  try {
    await client.connect(transport, { signal: stop, timeout: limits.listMs }).catch((error: unknown) => {
      throw asMcpError(error);
    });
    isGreeted = true;
    return await work(createTalk({ client, limits, stop }));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    pipe.close();
    await client.close().catch(() => undefined);
  }
}

interface TransportOptions {
  readonly bounds: AnswerBounds;
  /** Throws for a message that the SDK must not get. */
  readonly screen: (message: JSONRPCMessage) => void;
  /** Nothing more comes. */
  readonly onLost: (error: McpError) => void;
}

function createTransport(pipe: CommandPipe, { bounds, screen, onLost }: TransportOptions): Transport {
  let isClosed = false;
  const transport: Transport = {
    async start() {
      void listen();
    },
    send: (message) => pipe.write(Buffer.from(`${JSON.stringify(message)}\n`)),
    async close() {
      isClosed = true;
      transport.onclose?.();
    },
  };

  async function listen(): Promise<void> {
    try {
      for await (const message of messagesOf(pipe.output, bounds, () => isClosed)) {
        if (isClosed) return;
        screen(message);
        transport.onmessage?.(message);
      }
      if (isClosed) return;
      const words = pipe.words();
      throw new McpError('ServerAway', words === '' ? 'It ended.' : `It ended, and said: ${quoted(words)}`);
    } catch (error) {
      const lost = error instanceof McpError ? error : new McpError('ServerAway', 'Its sandbox broke off.');
      if (!isClosed) onLost(lost);
    }
  }
  return transport;
}

/**
 * @param isOver whether nobody listens any more. What comes then is not counted: nobody would give it back
 * @throws McpError `AnswerTooLarge`, `ServerFailed`
 */
async function* messagesOf(
  output: AsyncIterable<Buffer>,
  bounds: AnswerBounds,
  isOver: () => boolean,
): AsyncGenerator<JSONRPCMessage, void> {
  const held = createLineBuffer();
  let odd = 0;
  for await (const chunk of output) {
    if (isOver()) return;
    bounds.read(chunk);
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      held.add(chunk.subarray(from, at));
      from = at + 1;
      const message = messageIn(held.take());
      if (message && 'method' in message && 'id' in message) bounds.question();
      if (message) yield message;
      else odd += 1;
      if (odd > MAX_ODD_LINES) throw new McpError('ServerFailed', 'Its output is not that of an MCP server.');
    }
    held.add(chunk.subarray(from));
  }
}

function messageIn(line: string): JSONRPCMessage | null {
  try {
    return JSONRPCMessageSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
