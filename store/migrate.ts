import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';

const FOLDER = path.join(import.meta.dirname, 'migrations');
/** An arbitrary number. Every Bellhop process on one database must use the same. */
const LOCK = 8_245_107;

/**
 * Brings the schema up to date and returns the names of the migrations it ran. An advisory lock makes a second process
 * wait. Each file is one transaction.
 */
export async function migrate(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'bellhop-migrate' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    await client.query(
      'create table if not exists schema_migration (name text primary key, ran_at timestamptz not null default now())',
    );
    const done = await client.query<{ name: string }>('select name from schema_migration');
    const known = new Set(done.rows.map((row) => row.name));
    const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.sql') && !known.has(file)).sort();
    for (const file of files) {
      const sql = await readFile(path.join(FOLDER, file), 'utf8');
      await client.query('begin');
      await client.query(sql);
      await client.query('insert into schema_migration (name) values ($1)', [file]);
      await client.query('commit');
    }
    return files;
  } finally {
    await client.end();
  }
}
