import { inTransaction } from '../../store/database.ts';
import { claimUndelivered, type InboxRow, postponeEntry, takeOverdue } from '../../store/inbox.ts';
import { putMessage } from '../../store/outbox.ts';
import { TryAgain } from '../api/errors.ts';
import { createWorkLoop, type WorkLoop } from '../work-loop.ts';
import { deliverEntry } from './deliver-entry.ts';
import type { DeliveryDependencies } from './known-entry.ts';
import { createLookupPatience } from './lookup-patience.ts';
import { LATE_NOTICE } from './notices.ts';

export interface DelivererOptions extends Omit<DeliveryDependencies, 'patience'> {
  /** Something may be waiting in the outbox now. */
  readonly onDelivered: () => void;
  readonly log: { warn(fields: object, message: string): void };
  /** How long a claimed row is left to whoever claimed it. @default 10000 */
  readonly leaseMs?: number;
  /** After that long without delivery the thread is told, once. @default 60000 */
  readonly overdueMs?: number;
  /** How often overdue rows are looked for. @default 5000 */
  readonly sweepMs?: number;
}

const FIRST_PAUSE_MS = 500;
/** Temporal and Slack come back at any moment. */
const PAUSE_MS = 5_000;
/** A row that fails that often has something of its own. */
const PATIENCE = 20;
const LONG_PAUSE_MS = 60_000;

/**
 * Delivers the inbox. A row that fails is tried again later and keeps nobody waiting: rows of one thread are worked
 * on in order, those of different threads side by side.
 */
export function createDeliverer(options: DelivererOptions): WorkLoop {
  const { database, now, log, leaseMs = 10_000, overdueMs = 60_000, sweepMs = 5_000 } = options;
  const dependencies = { ...options, patience: createLookupPatience(now) };

  const deliver = async (row: InboxRow): Promise<void> => {
    try {
      await deliverEntry(dependencies, row);
      options.onDelivered();
    } catch (error) {
      if (error instanceof TryAgain) return postponeEntry(database, row.id, FIRST_PAUSE_MS);
      const reason = error instanceof Error ? error.message : String(error);
      log.warn({ inbox: row.id, kind: row.kind, attempts: row.attempts, reason }, 'not delivered; trying again');
      const longest = row.attempts > PATIENCE ? LONG_PAUSE_MS : PAUSE_MS;
      await postponeEntry(database, row.id, Math.min(FIRST_PAUSE_MS * 2 ** Math.min(row.attempts - 1, 10), longest));
    }
  };

  const tellOverdue = (): Promise<void> =>
    inTransaction(database, async (db) => {
      for (const row of await takeOverdue(db, overdueMs)) {
        const target = { key: `${row.id}/late`, team: row.team, channel: row.channel, threadTs: row.threadTs };
        await putMessage(db, { ...target, body: { kind: 'notice', text: LATE_NOTICE }, final: true });
      }
    });

  const loop = createWorkLoop<InboxRow>({
    claim: (limit) => claimUndelivered(database, limit, leaseMs),
    work: deliver,
    // A stop does not wait behind a message whose files are still coming.
    laneOf: (row) => (row.kind === 'stop' ? `stop:${row.id}` : `${row.channel}:${row.threadTs}`),
    onError: (error) => log.warn({ reason: String(error) }, 'the inbox could not be read'),
  });
  const sweep = setInterval(() => {
    tellOverdue().catch((error) => log.warn({ reason: String(error) }, 'overdue messages could not be looked for'));
  }, sweepMs);
  return {
    poke: loop.poke,
    async stop() {
      clearInterval(sweep);
      await loop.stop();
    },
  };
}
