import { readdirSync } from 'node:fs';
import path from 'node:path';
import { deleteOld, RETENTION_DAYS, RETENTION_KINDS } from '../../../store/retention.ts';
import { contention } from '../../support/contention.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Explained, explaining } from './support/explaining-database.ts';
import { HOT_CALLS } from './support/hot-calls.ts';
import { NOT_HOT } from './support/not-hot.ts';
import { seedMillion } from './support/seed-million.ts';

const STORE = path.join(import.meta.dirname, '..', '..', '..', 'store');
/** A statement on a hot path takes no longer, with a million threads in the database. */
const MAX_MS = 5;
/** Deleting a batch takes no longer, also beside other work on the same machine. */
const MAX_BATCH_MS = 1_000;
/** PostgreSQL lets one notifying transaction commit at a time in the whole server, so none on a hot path may notify. */
const NOTIFIES = /\bnotify\b|pg_notify/i;
/** A table with more rows is never read from end to end. */
const BIG_ROWS = 10_000;

let stage: TestDatabase;
let big: Set<string>;

beforeAll(async () => {
  stage = await createTestDatabase();
  await seedMillion(stage.url);
  const { rows } = await stage.database.query<{ name: string }>(
    "select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and reltuples > $1",
    [BIG_ROWS],
  );
  big = new Set(rows.map(({ name }) => name));
}, 600_000);
afterAll(() => stage?.[Symbol.asyncDispose](), 60_000);

test('the tables that grow with use are big', () => {
  expect([...big]).toEqual(
    expect.arrayContaining(['session', 'turn', 'step', 'inbox', 'outbox', 'sandbox', 'transcript', 'egress_event']),
  );
});

test('no trigger notifies in the transaction of a write', async () => {
  const { rows } = await stage.database.query<{ name: string }>(
    `select proname as name from pg_proc where pronamespace = 'public'::regnamespace and prosrc ~* 'pg_notify|\\ynotify\\y'`,
  );
  expect(rows).toEqual([]);
});

test('every function of the store is explained here, or it is said why not', async () => {
  const functions: string[] = [];
  for (const file of readdirSync(STORE).filter((name) => name.endsWith('.ts'))) {
    const room = (await import(path.join(STORE, file))) as Record<string, unknown>;
    for (const [name, value] of Object.entries(room)) {
      if (typeof value === 'function' && !/^class\b/.test(String(value)))
        functions.push(`${path.basename(file, '.ts')}.${name}`);
    }
  }
  expect([...Object.keys(HOT_CALLS), ...Object.keys(NOT_HOT)].sort()).toEqual(functions.sort());
});

test.each(Object.entries(HOT_CALLS))(
  '%s reads no big table from end to end, notifies nobody, and no statement takes 5 ms',
  async (_, call) => {
    const explained = await explaining(stage.database, MAX_MS, call);
    expect(explained.length).toBeGreaterThan(0);
    expect(explained.flatMap(problemsOf)).toEqual([]);
  },
);

function problemsOf({ text, ms, pages, scanned, plan }: Explained): string[] {
  if (NOTIFIES.test(text)) return [`notifies in its transaction, not by wake-ups.ts:\n${text}`];
  const read = scanned.filter((table) => big.has(table));
  if (read.length === 0 && ms <= MAX_MS) return [];
  const problem = read.length > 0 ? `reads all of ${read.join(', ')}` : 'is slow';
  return [`${problem}: ${ms} ms, ${pages} pages\n${text}\n${plan}`];
}

test('a batch of deleting takes a moment, with or without something to delete', async () => {
  for (const kind of RETENTION_KINDS) {
    for (const days of [RETENTION_DAYS[kind], 300]) {
      const before = new Date(Date.now() - days * 24 * 3_600_000);
      const times: number[] = [];
      for (let run = 0; run < 3; run += 1) {
        const started = performance.now();
        await deleteOld(stage.database, kind, before, 500);
        times.push(performance.now() - started);
      }
      expect({
        kind,
        days,
        ms: Math.min(...times) < MAX_BATCH_MS * contention() ? 'short' : Math.min(...times),
      }).toEqual({
        kind,
        days,
        ms: 'short',
      });
    }
  }
}, 120_000);
