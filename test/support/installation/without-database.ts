import pg from 'pg';
import { testServerUrl } from '../database.ts';
import type { Installation } from './installation.ts';

/** Does `work` while nobody can reach the installation's database: its connections are cut and none is let in. */
export async function withoutDatabase(bellhop: Installation, work: () => Promise<unknown>): Promise<void> {
  const name = new URL(bellhop.databaseUrl('gateway')).pathname.slice(1);
  const client = new pg.Client({ connectionString: testServerUrl() });
  await client.connect();
  try {
    await client.query(`alter database ${name} allow_connections false`);
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    await work();
  } finally {
    await client.query(`alter database ${name} allow_connections true`);
    await client.end();
  }
}
