import { principalOf } from '../../../contracts/scope.ts';
import { ensureSession, getSession } from '../../../store/sessions.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const session = (n: number) => ({
  id: `slack:T1:C1:${n}.1` as const,
  scope: 'channel:T1:C1' as const,
  principal: principalOf('channel:T1:C1'),
  permalink: null,
});

test('a number for the agent is taken for a new session only, not for each of its messages', async () => {
  await ensureSession(db.database, session(1));
  for (let n = 0; n < 50; n += 1) await ensureSession(db.database, session(1));
  await ensureSession(db.database, session(2));
  const [first, second] = [await getSession(db.database, session(1).id), await getSession(db.database, session(2).id)];
  expect(second.agentUid - first.agentUid).toBe(1);
});

test('a permalink that was missing is added, and one that is there stays', async () => {
  await ensureSession(db.database, { ...session(3), permalink: null });
  await ensureSession(db.database, { ...session(3), permalink: 'https://acme.test/1' });
  await ensureSession(db.database, { ...session(3), permalink: 'https://acme.test/2' });
  expect((await getSession(db.database, session(3).id)).permalink).toBe('https://acme.test/1');
});
