import type { SessionId } from '../../../contracts/ids.ts';
import { type Database, openDatabase, openListener } from '../../../store/database.ts';
import type { ThreadView } from '../contract/thread.ts';

export interface Threads {
  /** Calls back with the thread now and after every change, and with null while the database does not answer. */
  follow(session: SessionId, listener: (thread: ThreadView | null) => void): () => void;
  /** Null while no database is known. */
  database(): Database | null;
  close(): Promise<void>;
}

export interface ThreadsOptions {
  readonly databaseUrl: () => string | undefined;
  readonly read: (db: Database, session: SessionId) => Promise<ThreadView>;
}

interface Follower {
  readonly session: SessionId;
  readonly listener: (thread: ThreadView | null) => void;
  sent: string;
  looking: boolean;
  /** Something happened during the query, so its answer may be too old. */
  again: boolean;
}

const CHANNELS = ['bellhop_thread', 'bellhop_egress', 'bellhop_outbox'];
/** Notifications are hints. This finds changes whose notification got lost, and changes that have none. */
const POLL_MS = 1_000;
/** Several requests in one breath are one look. */
const GATHER_MS = 60;

/** Follows threads in PostgreSQL for open pages. Without an open page it costs only a listener. */
export function createThreads({ databaseUrl, read }: ThreadsOptions): Threads {
  const followers = new Set<Follower>();
  let pool: { readonly url: string; readonly database: Database } | null = null;
  let listener: Awaited<ReturnType<typeof openListener>> | null = null;
  let connecting = false;
  let gathering: NodeJS.Timeout | null = null;
  let closed = false;

  function database(): Database | null {
    const url = databaseUrl();
    if (url === undefined || closed) return null;
    if (pool?.url !== url) {
      void pool?.database.end();
      pool = { url, database: openDatabase({ url, name: 'page', connections: 4 }) };
    }
    return pool.database;
  }

  /** One look at a time for each follower, so that an older answer never comes after a newer one. */
  async function look(follower: Follower): Promise<void> {
    follower.again = true;
    if (follower.looking) return;
    follower.looking = true;
    while (follower.again && followers.has(follower)) {
      follower.again = false;
      const db = database();
      const view = db ? await read(db, follower.session).catch(() => null) : null;
      const text = JSON.stringify(view);
      if (text === follower.sent || !followers.has(follower)) continue;
      follower.sent = text;
      follower.listener(view);
    }
    follower.looking = false;
  }

  function lookSoon(): void {
    gathering ??= setTimeout(() => {
      gathering = null;
      for (const follower of followers) void look(follower);
    }, GATHER_MS);
  }

  async function listen(): Promise<void> {
    const url = databaseUrl();
    if (url === undefined || listener || connecting || closed) return;
    connecting = true;
    try {
      const client = await openListener(url, 'page');
      const drop = () => {
        if (listener === client) listener = null;
      };
      client.on('error', drop);
      client.on('end', drop);
      client.on('notification', lookSoon);
      for (const channel of CHANNELS) await client.query(`listen ${channel}`);
      if (closed) await client.end();
      else listener = client;
    } catch {
      // Not up yet: the poll below is enough until then.
    } finally {
      connecting = false;
    }
  }

  const timer = setInterval(() => {
    void listen();
    lookSoon();
  }, POLL_MS);

  return {
    database,
    follow(session, callback) {
      const follower: Follower = { session, listener: callback, sent: '', looking: false, again: false };
      followers.add(follower);
      void look(follower);
      return () => followers.delete(follower);
    },
    async close() {
      closed = true;
      clearInterval(timer);
      if (gathering) clearTimeout(gathering);
      followers.clear();
      await listener?.end().catch(() => undefined);
      await pool?.database.end();
    },
  };
}
