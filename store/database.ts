import pg from 'pg';
import { createWakeUps, type Wake } from './wake-ups.ts';

/** The part of a connection that the functions in store/ use. Both a pool and a transaction have it. */
export interface Queryable extends Pick<pg.Pool, 'query'> {
  /** Tells listeners that there is something new. In a transaction this waits for the commit (wake-ups.ts). */
  readonly wake: Wake;
}
export type Database = pg.Pool & Queryable;
export type { Notification } from 'pg';

export interface DatabaseOptions {
  readonly url: string;
  /** Shown in `pg_stat_activity`: the name of the process. */
  readonly name: string;
  /** The most connections at one time. Further queries wait for a free one. @default 8 */
  readonly connections?: number;
  /** After this the server ends a statement. @default 30,000 */
  readonly statementMs?: number;
  /** After this the server ends a transaction whose client sends nothing. @default 15,000 */
  readonly silentTransactionMs?: number;
  /** After this the server ends a connection whose client takes nothing of an answer. @default 20,000 */
  readonly unreadMs?: number;
}

/** Connections that stay open when idle, so that the first query after a quiet hour does not wait for a log-in. */
const KEPT = 4;
/**
 * How long a query waits for a connection: for a free one of the pool, or for the server to accept a new one. This is
 * shorter than the 8 s of a local activity (workflows/activity-proxies.ts). Otherwise a crowd would do everything
 * twice:
 *
 * 1. 500 local activities wait for 8 connections.
 * 2. After 8 s Temporal gives up the waiting ones, and starts an ordinary activity for each.
 * 3. At the same time the abandoned ones get a connection and write too.
 *
 * Therefore a waiting query is refused before Temporal gives its activity up. It has written nothing by then.
 */
const WAIT_MS = 3_000;
/** A query is given up this long after the server's own limit. By then no live server is still working on it. */
const SILENCE_MS = 5_000;
/**
 * Every statement here reads few rows. When the planner expects many, it starts more server processes or compiles the statement, and each
 * takes longer than the statement itself.
 */
const SMALL_STATEMENTS = '-c max_parallel_workers_per_gather=0 -c jit=off';
/**
 * 1. A process asks for a long answer, in a transaction or by a statement that takes locks. It freezes.
 * 2. PostgreSQL waits to send the rest. It keeps the locks, and no limit of a statement's time ends that.
 * 3. The frozen process's kernel still answers, so the connection does not look dead either.
 * Therefore the server's kernel is told to give the connection up. On a Unix socket PostgreSQL ignores the setting.
 */
const endUnread = (ms: number): string => `-c tcp_user_timeout=${ms}`;
/** An idle connection is probed, because it may have been cut without notice. */
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 };

/**
 * Opens a pool. An idle client may lose its server, in the pool or between two queries of a transaction. That must not
 * end the process: the pool replaces the client, and in a transaction the next query fails.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const { url, name, connections = 8, statementMs = 30_000, silentTransactionMs = 15_000, unreadMs = 20_000 } = options;
  const pool = new pg.Pool({
    connectionString: url,
    application_name: `bellhop-${name}`,
    max: connections,
    min: Math.min(KEPT, connections),
    connectionTimeoutMillis: WAIT_MS,
    options: `${SMALL_STATEMENTS} ${endUnread(unreadMs)}`,
    statement_timeout: statementMs,
    query_timeout: statementMs + SILENCE_MS,
    // A process that freezes in a transaction must not keep its locks until it wakes up.
    idle_in_transaction_session_timeout: silentTransactionMs,
    ...KEEP_ALIVE,
  });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  nameBusyPool(pool);
  const wakeUps = createWakeUps(pool);
  const end = pool.end.bind(pool);
  return Object.assign(pool, {
    wake: wakeUps.wake,
    async end() {
      await wakeUps.flush();
      await end();
    },
  });
}

/** All connections of the pool stayed in use for the whole wait. Nothing was sent. */
export class DatabaseBusy extends Error {
  readonly code = 'database_busy';
  constructor({ totalCount, waitingCount }: pg.Pool) {
    super(
      `no connection to the database was free within ${WAIT_MS} ms: ${totalCount} are in use, ${waitingCount} more wait`,
    );
    this.name = 'DatabaseBusy';
  }
}

type Connected = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/** `pg` throws the same error for a pool without a free connection and for a server that does not answer. */
function nameBusyPool(pool: pg.Pool): void {
  const connect = pool.connect.bind(pool) as (connected: Connected) => void;
  const named = (error: Error | undefined): Error | undefined =>
    error?.message === 'timeout exceeded when trying to connect' && pool.totalCount >= pool.options.max
      ? new DatabaseBusy(pool)
      : error;
  pool.connect = ((connected?: Connected) => {
    if (connected) return connect((error, client, done) => connected(named(error), client, done));
    return new Promise((resolve, reject) => {
      connect((error, client) => (error || !client ? reject(named(error)) : resolve(client)));
    });
  }) as pg.Pool['connect'];
}

/** Runs `work` in one transaction on one client; rolls back when it throws. Its wake-ups go out after the commit. */
export async function inTransaction<T>(database: Database, work: (client: Queryable) => Promise<T>): Promise<T> {
  const client = await database.connect();
  const wakeUps: Parameters<Wake>[] = [];
  const transaction = {
    query: client.query.bind(client),
    wake: (...wakeUp: Parameters<Wake>) => void wakeUps.push(wakeUp),
  } as Queryable;
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(transaction);
    await client.query('commit');
    for (const wakeUp of wakeUps) database.wake(...wakeUp);
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

/** Opens a single connection for `listen`. The caller ends it. */
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
