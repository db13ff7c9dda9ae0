import pg from 'pg';

/** What a repository needs of a connection: enough for a pool, a client or a transaction. */
export type Queryable = Pick<pg.Pool, 'query'>;
export type Database = pg.Pool;
export type { Notification } from 'pg';

export interface DatabaseOptions {
  readonly url: string;
  /** Shown in `pg_stat_activity`: the name of the process. */
  readonly name: string;
  /** @default 8 */
  readonly connections?: number;
  /** After this the server ends a statement. @default 30,000 */
  readonly statementMs?: number;
}

/** Connections that stay open while nothing happens: the first query after a quiet hour should not wait for a log-in. */
const KEPT = 4;
/** How long after the server's own limit a query is given up on: then nobody is there who would hold it. */
const SILENCE_MS = 5_000;
/** A connection over which nothing comes is asked whether it lives; it may have been cut without a word. */
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 };

/**
 * Opens a pool. A client that loses its server while it has nothing to do, in the pool or between two queries of a
 * transaction, is not an error of ours: the pool replaces it, and the next query tells whoever asks.
 */
export function openDatabase({ url, name, connections = 8, statementMs = 30_000 }: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: `bellhop-${name}`,
    max: connections,
    min: Math.min(KEPT, connections),
    connectionTimeoutMillis: 5_000,
    statement_timeout: statementMs,
    query_timeout: statementMs + SILENCE_MS,
    ...KEEP_ALIVE,
  });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** Runs `work` in one transaction on one client; rolls back when it throws. */
export async function inTransaction<T>(database: Database, work: (client: Queryable) => Promise<T>): Promise<T> {
  const client = await database.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((cause: Error) => {
      broken = cause;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** A connection of its own, for `listen`. The caller ends it. */
export async function openListener(url: string, name: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: `bellhop-${name}-listen`,
    connectionTimeoutMillis: 5_000,
    ...KEEP_ALIVE,
  });
  await client.connect();
  return client;
}
