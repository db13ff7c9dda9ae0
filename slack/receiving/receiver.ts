import type { App, Receiver } from '@slack/bolt';
import type { Handled } from '../personal/presses.ts';
import type { SocketConnection, SocketEvent } from './socket-connection.ts';

export interface InboxReceiverOptions {
  readonly connection: SocketConnection;
  /** Stores what is to be kept. Throws while the database is away. */
  readonly keep: (body: unknown) => Promise<void>;
  /** What is answered at once and never stored: a button or form of a question, or of a person's own connections and settings. Null for all else. */
  readonly interact: (body: unknown) => Promise<Handled | null>;
  /** An event could not be stored: it was not acknowledged, so Slack sends it again. */
  readonly onMissed: (error: unknown) => void;
  /** Types of events that the app has listeners for. Bolt's work for the others would be in vain, and they are many. */
  readonly listenedTo: ReadonlySet<string>;
  /** A listener of the app failed, after the event was stored and acknowledged. */
  readonly onListenerError: (error: unknown) => void;
}

/**
 * A Bolt receiver that stores an event first and acknowledges it to Slack only then. Bolt's own receivers leave the
 * acknowledgement to `processEvent`, which gives it before any middleware or listener runs: a crash after that
 * loses the event. Here the listeners come last and get an acknowledgement that does nothing.
 */
export function createInboxReceiver(options: InboxReceiverOptions): Receiver & { drain(): Promise<void> } {
  const { connection, keep, interact, onMissed, listenedTo, onListenerError } = options;
  const underWay = new Set<Promise<void>>();
  let app: App | null = null;

  const receive = async ({ body, acknowledge }: SocketEvent): Promise<void> => {
    const handled = await interact(body);
    if (handled) {
      await acknowledge(handled.response).catch(() => {});
      await handled.after?.();
      return;
    }
    try {
      await keep(body);
    } catch (error) {
      onMissed(error);
      return;
    }
    // A lost connection loses the acknowledgement; the event comes again and is known already.
    await acknowledge().catch(() => {});
    const { type } = (body.event ?? {}) as { type?: unknown };
    if (typeof type !== 'string' || !listenedTo.has(type)) return;
    await app?.processEvent({ body, ack: async () => {} }).catch(onListenerError);
  };

  return {
    init(bolt) {
      app = bolt;
      connection.onEvent((event) => {
        const done = receive(event).finally(() => underWay.delete(done));
        underWay.add(done);
      });
    },
    async start() {
      await connection.start();
    },
    async stop() {
      await connection.stop();
    },
    async drain() {
      await Promise.all(underWay);
    },
  };
}
