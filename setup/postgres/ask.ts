import pg from 'pg';

const ANSWER_MS = 4_000;
/** SQLSTATE cannot_connect_now: the server answers, and takes no session. */
const CANNOT_CONNECT_NOW = '57P03';

/**
 * Asks a PostgreSQL server of ours once, over a connection of its own, whether it takes new sessions.
 *
 * @returns `leaving` for a server that shuts down. In a "smart" shutdown it waits for its sessions, so with a pool that keeps
 * connections open it never ends. `starting` while it recovers. Any other error of the server's own counts as `serves`: it answers.
 * @throws when nothing answers within four seconds
 */
export async function askPostgres(url: string): Promise<'serves' | 'starting' | 'leaving'> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'bellhop-liveness',
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
    return 'serves';
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    if (error.code !== CANNOT_CONNECT_NOW) return 'serves';
    // The same code stands for both. The embedded server speaks English: its cluster is made with the locale C.
    return error.message.includes('shutting down') ? 'leaving' : 'starting';
  } finally {
    // Not waited for: a server that hangs does not say goodbye either.
    client.end().catch(() => {});
  }
}
