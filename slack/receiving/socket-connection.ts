import type { Logger } from '@slack/logger';
import { SocketModeClient } from '@slack/socket-mode';
import type { WebClientOptions } from '@slack/web-api';
import { failureOf } from '../api/errors.ts';

export interface SocketEvent {
  readonly body: Record<string, unknown>;
  /** Tells Slack that we have it. */
  readonly acknowledge: () => Promise<void>;
}

export interface SocketConnection {
  onEvent(handler: (event: SocketEvent) => void): void;
  /** Resolves with the first connection; goes on reconnecting until `stop`. */
  start(): Promise<void>;
  stop(): Promise<void>;
  isConnected(): boolean;
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
  let connected = false;
  let running: Promise<void> = Promise.resolve();

  const stopped = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(), { once: true });
  });

  const connectOnce = async (): Promise<{ lost: Promise<void> }> => {
    const client = new SocketModeClient({ appToken, clientOptions, logger, autoReconnectEnabled: false });
    client.on('slack_event', ({ ack, body }: SlackEventArguments) => handler({ body, acknowledge: () => ack() }));
    const lost = new Promise<void>((resolve) => {
      client.once('disconnected', () => resolve());
    });
    current = client;
    const greeted = await Promise.race([client.start().then(() => true), wait(GREETING_MS, stopping.signal)]);
    if (greeted) return { lost };
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
    isConnected: () => connected,
  };
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
