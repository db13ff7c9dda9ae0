import { readFileSync } from 'node:fs';
import path from 'node:path';
import { saveFile } from '../../../store/files.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const PAGE = readFileSync(path.join(import.meta.dirname, '../../../docs/operations.md'), 'utf8');
const TRIMMING = /## What grows[\s\S]*?```sql\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? '';

let stage: TestDatabase;
beforeAll(async () => {
  stage = await createTestDatabase();
});
afterAll(() => stage[Symbol.asyncDispose]());

test('what the page of operations deletes is old and done with, and nothing else', async () => {
  const { database } = stage;
  const inbox = (id: string, days: number, state: string, turn: number | null) =>
    database.query(
      `insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, address, state, turn, received_at)
       values ($1, 'message', 'T1', 'C1', '1.0', $1, 'U1', 'mention', $2, $3, now() - $4 * interval '1 day')`,
      [id, state, turn, days],
    );
  const outbox = (key: string, days: number, sent: number, body = {}) =>
    database.query(
      `insert into outbox (key, kind, team, channel, body, sent_revision, created_at)
       values ($1, 'file', 'T1', 'C1', $2, $3, now() - $4 * interval '1 day')`,
      [key, body, sent, days],
    );
  const file = async (name: string, session: string) => {
    const id = await saveFile(database, { session, name, bytes: Buffer.from('x'), direction: 'out', origin: name });
    await database.query("update file set at = now() - interval '100 days' where id = $1", [id]);
    return id;
  };
  await inbox('old and read', 100, 'delivered', 1);
  await inbox('old and refused', 100, 'refused', null);
  await inbox('old and waiting', 100, 'delivered', null);
  await inbox('old and not looked at', 100, 'received', null);
  await inbox('new and read', 80, 'delivered', 1);
  await database.query(
    `insert into session (id, team, channel, thread_ts, scope, principal)
     values ('slack:T1:C1:1.0', 'T1', 'C1', '1.0', 'channel:T1:C1', 'agent@channel:T1:C1')`,
  );
  await file('of a thread that goes on', 'slack:T1:C1:1.0');
  await file('of a thread that is over', 'slack:T1:C1:0.5');
  const fileId = await file('not sent yet', 'slack:T1:C1:0.5');
  await outbox('old and sent', 100, 1);
  await outbox('old and not sent', 100, 0, { fileId });
  await outbox('refusal/disabled/T1/C1', 100, 1);
  await outbox('new and sent', 80, 1);

  await database.query(TRIMMING);
  const left = async (column: string, table: string): Promise<string[]> =>
    (await database.query(`select ${column} as name from ${table} order by 1`)).rows.map(({ name }) => name);
  expect(await left('event_id', 'inbox')).toEqual(['new and read', 'old and not looked at', 'old and waiting']);
  expect(await left('name', 'file')).toEqual(['not sent yet', 'of a thread that goes on']);
  expect(await left('key', 'outbox')).toEqual(['new and sent', 'old and not sent', 'refusal/disabled/T1/C1']);
});
