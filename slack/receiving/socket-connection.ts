import { channel } from 'node:diagnostics_channel';
import type { Logger } from '@slack/logger';
import { SocketModeClient } from '@slack/socket-mode';
import type { WebClientOptions } from '@slack/web-api';
import { failureOf } from '../api/errors.ts';

export interface SocketEvent {
  readonly body: Record<string, unknown>;
  /** Tells Slack that we have it. Slack reads a response only of interactions. */
  readonly acknowledge: (response?: object) => Promise<void>;
}

export interface SocketConnection {
  onEvent(handler: (event: SocketEvent) => void): void;
  /** Resolves with the first connection; goes on reconnecting until `stop`. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** What the present connection has proved, or the last one where there is none now; null before the first one. */
  proof(): Proof | null;
  /** Whether a connection stands, as far as this process has noticed. For people who watch; it proves nothing. */
  isConnected(): boolean;
}

/** The last moment at which a connection is known to have worked. What Slack sent on it before, we have received. */
export interface Proof {
  /** Connections are counted. What one has heard says nothing about the time before it. */
  readonly connection: number;
  /** By the clock of this machine. Compare it with no other clock: only its age means the same everywhere. */
  readonly until: Date;
}

export interface SocketConnectionOptions {
  readonly appToken: string;
  readonly client: WebClientOptions;
  readonly logger: Logger;
  /** Called for every connection, the first one included. */
  readonly onConnected: () => void;
  /** `code` is Slack's word for it, where it gave one. */
  readonly onTrouble: (code: string, retryMs: number) => void;
}

interface SlackEventArguments {
  readonly ack: (response?: object) => Promise<void>;
  readonly body: Record<string, unknown>;
}

/** Every WebSocket of the process tells of its pongs here. */
const PONGS = 'undici:websocket:pong';
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 15_000;
/** Slack's first word on a new connection, `hello`, comes within that time. */
const GREETING_MS = 20_000;
const GOODBYE_MS = 1_000;
/** After that long a connection counts as having worked. */
const STEADY_MS = 10_000;

/**
 * Keeps one Socket Mode connection. Reconnecting is done here and not by the library, which waits five seconds and
 * more between tries and dies of an unhandled rejection when Slack's API is away at the wrong moment.
 */
export function createSocketConnection(options: SocketConnectionOptions): SocketConnection {
  const { appToken, client: clientOptions, logger, onConnected, onTrouble } = options;
  const stopping = new AbortController();
  let handler: (event: SocketEvent) => void = () => {};
  let current: SocketModeClient | null = null;
  let connections = 0;
  let proof: Proof | null = null;
  let connected = false;
  let running: Promise<void> = Promise.resolve();

  const stopped = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(), { once: true });
  });

  const prove = (connection: number, at: number | null): void => {
    if (at === null || !Number.isFinite(at)) return;
    const before = proof?.connection === connection ? proof.until.getTime() : 0;
    proof = { connection, until: new Date(Math.max(before, at)) };
  };

  const connectOnce = async (): Promise<{ lost: Promise<void> }> => {
    const client = new SocketModeClient({ appToken, clientOptions, logger, autoReconnectEnabled: false });
    const began = Date.now();
    connections += 1;
    const number = connections;
    client.on('slack_event', ({ ack, body }: SlackEventArguments) => {
      handler({ body, acknowledge: (response) => ack(response) });
    });
    const onPong = (message: unknown): void => prove(number, provenByPong(message, client));
    channel(PONGS).subscribe(onPong);
    const lost = new Promise<void>((resolve) => {
      client.once('disconnected', () => {
        channel(PONGS).unsubscribe(onPong);
        resolve();
      });
    });
    current = client;
    const greeted = await Promise.race([client.start().then(() => true), wait(GREETING_MS, stopping.signal)]);
    if (greeted) {
      prove(number, began);
      return { lost };
    }
    void client.disconnect();
    throw new Error('Slack did not greet in time');
  };

  const run = async (onFirst: () => void): Promise<void> => {
    let pause = FIRST_PAUSE_MS;
    while (!stopping.signal.aborted) {
      const began = Date.now();
      try {
        const { lost } = await connectOnce();
        connected = true;
        onFirst();
        onConnected();
        await Promise.race([lost, stopped]);
        if (Date.now() - began > STEADY_MS) pause = FIRST_PAUSE_MS;
      } catch (error) {
        if (stopping.signal.aborted) return;
        const failure = failureOf(error);
        onTrouble(failure.kind === 'refused' ? failure.code : failure.kind, pause);
      }
      connected = false;
      await wait(pause, stopping.signal);
      pause = Math.min(pause * 2, MAX_PAUSE_MS);
    }
  };

  return {
    onEvent(next) {
      handler = next;
    },
    start() {
      const first = new Promise<void>((resolve) => {
        running = run(resolve);
      });
      return Promise.race([first, stopped]);
    },
    async stop() {
      stopping.abort();
      await running;
      // Slack may be gone: its good-bye is not waited for.
      await Promise.race([current?.disconnect(), wait(GOODBYE_MS)]);
    },
    proof: () => proof,
    isConnected: () => connected,
  };
}

/**
 * When this pong's ping was sent, in milliseconds since 1970; null for what is no pong of this client.
 *
 * Why not the time at which the pong is read:
 * 1. We send a ping. Slack answers, and the answer lies in this machine's buffer.
 * 2. This process is frozen, or the machine sleeps. Meanwhile Slack gives the connection up.
 * 3. The process wakes and reads the old pong.
 * Therefore a pong proves only that the connection lived when its ping was sent. The client writes that time into every
 * ping, and a pong repeats its ping (RFC 6455, 5.5.3).
 */
function provenByPong(message: unknown, client: SocketModeClient): number | null {
  const { payload, websocket } = message as { payload?: unknown; websocket?: unknown };
  // The client keeps its socket to itself, and the pongs of all sockets come on one channel.
  const own = (client as unknown as { websocket?: { websocket?: unknown } }).websocket?.websocket;
  if (!own || websocket !== own || !Buffer.isBuffer(payload)) return null;
  const sent = /\((\d{13})\)$/.exec(payload.toString('latin1'))?.[1];
  return sent === undefined ? null : Number(sent);
}

/** False: nothing came of it. Ends early when aborted. */
function wait(ms: number, signal?: AbortSignal): Promise<false> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve(false);
    };
    const timer = setTimeout(done, signal?.aborted ? 0 : ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
