import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { ADVISORY_LOCKS } from './advisory-locks.ts';
import { StoreError } from './errors.ts';

const FOLDER = path.join(import.meta.dirname, 'migrations');

/**
 * Brings the schema up to date and returns the names of the migrations it ran. An advisory lock makes a second process
 * wait. Each file is one transaction.
 *
 * @throws StoreError `SchemaChanged` when a file that was run here has changed since. Then nothing was changed.
 */
export async function migrate(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'bellhop-migrate' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [ADVISORY_LOCKS.migrate]);
    await client.query(
      `create table if not exists schema_migration (
         name text primary key, digest text not null, ran_at timestamptz not null default now())`,
    );
    // A database from before digests were kept has no such field.
    const done = await client.query<{ name: string; digest: string | null }>(
      "select name, to_jsonb(one) ->> 'digest' as digest from schema_migration one",
    );
    const known = new Map(done.rows.map(({ name, digest }) => [name, digest]));
    const files = await Promise.all(
      (await readdir(FOLDER))
        .filter((file) => file.endsWith('.sql'))
        .sort()
        .map(read),
    );
    const changed = files.find(({ name, digest }) => known.has(name) && known.get(name) !== digest);
    if (changed)
      throw new StoreError('SchemaChanged', `${changed.name} was run in this database, and has changed since`);
    const added = files.filter(({ name }) => !known.has(name));
    for (const { name, sql, digest } of added) {
      await client.query('begin');
      await client.query(sql);
      await client.query('insert into schema_migration (name, digest) values ($1, $2)', [name, digest]);
      await client.query('commit');
    }
    return added.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

async function read(name: string): Promise<{ readonly name: string; readonly sql: string; readonly digest: string }> {
  const sql = await readFile(path.join(FOLDER, name), 'utf8');
  const statements = sql.replace(/^\s*--.*\n/gm, '');
  return { name, sql, digest: createHash('sha256').update(statements).digest('hex') };
}
