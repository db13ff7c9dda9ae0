import { randomUUID } from 'node:crypto';
import type { EgressEvent } from '../../../contracts/egress.ts';
import { inTransaction } from '../../../store/database.ts';
import { storeEgressEvents } from '../../../store/egress-events.ts';
import { findWork } from '../../../store/find-work.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

function event(minute: number, more: Partial<EgressEvent>): EgressEvent {
  return {
    id: randomUUID(),
    at: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
    sandbox: 's1',
    session: 'slack:T1:C1:1.0',
    turn: 1,
    principal: null,
    requester: 'U1',
    scope: null,
    outcome: 'injected',
    code: 'connection',
    reason: '',
    rule: null,
    bundle: null,
    ruleScope: null,
    connection: null,
    method: 'POST',
    scheme: 'https',
    host: 'git.test',
    port: 443,
    path: '/',
    status: 200,
    bytesOut: 0,
    bytesIn: 0,
    durationMs: 1,
    transport: 'intercept',
    repository: 'acme/shop',
    ...more,
  };
}

test('a pull request leads to the thread that opened it, a branch to the one that pushed it first', async () => {
  const db = database.database;
  await storeEgressEvents(db, [
    event(1, { session: 'slack:T1:C1:9.0', operation: 'comment', pullRequest: 12 }),
    event(2, { operation: 'push', ref: 'refs/heads/bellhop/fix refs/heads/bellhop/two' }),
    event(3, { operation: 'open-pull-request', ref: 'refs/heads/bellhop/fix', pullRequest: 12 }),
    event(4, { session: 'slack:T1:C1:8.0', operation: 'push', ref: 'refs/heads/bellhop/fix' }),
    event(0, { session: 'slack:T1:C1:7.0', operation: 'push', ref: 'refs/heads/bellhop/fix', outcome: 'blocked' }),
  ]);
  const find = (wanted: Parameters<typeof findWork>[1]['wanted'], repository = 'Acme/Shop') =>
    findWork(db, { repository, wanted });
  expect(await find({ pullRequest: 12 })).toBe('slack:T1:C1:1.0');
  expect(await find({ branch: 'bellhop/two' })).toBe('slack:T1:C1:1.0');
  expect(await find({ branch: 'bellhop/fix' })).toBe('slack:T1:C1:1.0');
  expect(await find({ pullRequest: 13 })).toBeNull();
  expect(await find({ pullRequest: 12 }, 'acme/other')).toBeNull();
});

test('the search uses the index of repositories', async () => {
  const plan = await inTransaction(database.database, async (db) => {
    // A table of a few rows is read as a whole otherwise.
    await db.query('set local enable_seqscan = off');
    const { rows } = await db.query<{ 'QUERY PLAN': string }>(
      `explain select session from egress_event
       where lower(repository) = 'acme/shop' and (ref is not null or pull_request is not null)
         and (pull_request = 12 or 'refs/heads/x' = any(string_to_array(ref, ' ')))`,
    );
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  });
  expect(plan).toContain('egress_event_repository');
});
