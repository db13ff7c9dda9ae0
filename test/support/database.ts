import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { type Database, openDatabase } from '../../store/database.ts';
import { migrate } from '../../store/migrate.ts';

/** The server tests run on; `npm test` starts a real one and says where it is. */
export function testServerUrl(): string {
  const url = process.env.BELLHOP_TEST_DATABASE_URL;
  if (!url) throw new Error('BELLHOP_TEST_DATABASE_URL is not set: run tests by `npm test`, which starts PostgreSQL');
  return url;
}

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  readonly database: Database;
}

/** A database of its own for one test file, with today's schema; dropped when disposed. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await onServer(`create database ${name}`);
  const url = new URL(testServerUrl());
  url.pathname = `/${name}`;
  await migrate(url.href);
  const database = openDatabase({ url: url.href, name: 'test' });
  return {
    url: url.href,
    database,
    async [Symbol.asyncDispose]() {
      await database.end();
      await onServer(`drop database ${name} with (force)`);
    },
  };
}

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: testServerUrl() });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
