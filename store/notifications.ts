import { openListener } from './database.ts';

export interface Notifications {
  stop(): Promise<void>;
}

export interface NotificationOptions {
  readonly url: string;
  /** Shown in `pg_stat_activity`. */
  readonly name: string;
  readonly channels: readonly string[];
  readonly onNotify: (channel: string, payload: string) => void;
  /** @default 1000 */
  readonly retryMs?: number;
}

/**
 * Calls `onNotify` for every NOTIFY, and once for each channel after a lost connection is back. PostgreSQL does not
 * repeat notifications that were missed. Therefore a notification is only a hint, and every listener also polls.
 */
export function listenTo(options: NotificationOptions): Notifications {
  const { url, name, channels, onNotify, retryMs = 1_000 } = options;
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(), { once: true });
  });

  const listenOnce = async (): Promise<void> => {
    const client = await openListener(url, name);
    const lost = new Promise<void>((resolve) => {
      client.on('error', () => resolve());
      client.on('end', () => resolve());
    });
    try {
      client.on('notification', (notice) => onNotify(notice.channel, notice.payload ?? ''));
      for (const channel of channels) await client.query(`listen ${channel}`);
      for (const channel of channels) onNotify(channel, '');
      await Promise.race([lost, stopped]);
    } finally {
      // A server that is gone does not answer the end of the connection either.
      await Promise.race([client.end().catch(() => {}), pause(1_000)]);
    }
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await listenOnce().catch(() => {});
      if (!stopping.signal.aborted) await Promise.race([pause(retryMs), stopped]);
    }
  };

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
