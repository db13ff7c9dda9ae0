import { SLACK_LIMITS } from '../../../slack/api/rate-limits.ts';
import { sendingLimits } from '../../../slack/sending/sending-limits.ts';
import type { InboxEntry } from '../../../store/inbox.ts';
import { claimUndelivered, postponeEntry } from '../../../store/inbox-claims.ts';
import { keepEntries } from '../../../store/inbox-intake.ts';
import { nextInboxDueMs, nextOutboxDueMs } from '../../../store/next-due.ts';
import { putMessage } from '../../../store/outbox.ts';
import { claimOutbox, markSent, postponeSending } from '../../../store/outbox-claims.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
});
afterEach(() => db[Symbol.asyncDispose]());

const options = { team: 'T1', limits: sendingLimits(SLACK_LIMITS), room: 32, spare: 0, leaseMs: 15_000 };

function put(n: number): Promise<boolean> {
  const place = { team: 'T1', channel: 'C1', threadTs: `${n}.1` };
  return putMessage(db.database, { ...place, key: `${n}`, body: { kind: 'answer', text: 'x' }, final: true });
}

test('the outbox says when its next row is due: by a lease, by a pause, by a token, or never', async () => {
  expect(await nextOutboxDueMs(db.database)).toBeNull();
  await put(1);
  expect(await nextOutboxDueMs(db.database)).toBe(0);
  const [row] = await claimOutbox(db.database, options);
  if (!row) throw new Error('nothing was claimed');
  // Its sender may die.
  const leased = await nextOutboxDueMs(db.database);
  expect(leased).toBeGreaterThan(10_000);
  expect(leased).toBeLessThanOrEqual(15_000);
  await postponeSending(db.database, row, 'failure', 4_000);
  expect(await nextOutboxDueMs(db.database)).toBeGreaterThan(2_000);
  expect(await nextOutboxDueMs(db.database)).toBeLessThanOrEqual(4_000);
  await markSent(db.database, row, '9.9', 0);
  expect(await nextOutboxDueMs(db.database)).toBeNull();
  // More than Slack takes at once.
  for (let n = 2; n < 40; n += 1) await put(n);
  await claimOutbox(db.database, options);
  expect(await nextOutboxDueMs(db.database)).toBe(0);
});

test('the inbox says when its next row is due: now, after a pause, or never', async () => {
  expect(await nextInboxDueMs(db.database)).toBeNull();
  const entry: InboxEntry = {
    ...{ eventId: 'E1', kind: 'message', team: 'T1', channel: 'C1', threadTs: '1.1', ts: '1.1' },
    ...{ author: 'U1', authorClass: 'unknown', address: 'mention', text: 'x', files: [] },
  };
  await keepEntries(db.database, [{ keep: 'always', entry }]);
  expect(await nextInboxDueMs(db.database)).toBe(0);
  const [row] = await claimUndelivered(db.database, 1, 10_000);
  if (!row) throw new Error('nothing was claimed');
  expect(await nextInboxDueMs(db.database)).toBeGreaterThan(5_000);
  await postponeEntry(db.database, row.id, 3_000);
  const postponed = await nextInboxDueMs(db.database);
  expect(postponed).toBeGreaterThan(1_000);
  expect(postponed).toBeLessThanOrEqual(3_000);
});
