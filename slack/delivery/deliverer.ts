import { inTransaction } from '../../store/database.ts';
import { type InboxRow, takeOverdue } from '../../store/inbox.ts';
import { claimUndelivered, holdEntries, makeDue, postponeEntry, putBackEntry } from '../../store/inbox-claims.ts';
import { nextInboxDueMs } from '../../store/next-due.ts';
import { putMessage } from '../../store/outbox.ts';
import { failureOf, TryAgain } from '../api/errors.ts';
import type { Crowd } from '../receiving/crowd-meter.ts';
import { createWorkLoop, type WorkLoop } from '../work-loop.ts';
import { deliverEntry } from './deliver-entry.ts';
import { createLookupPatience, type DeliveryDependencies } from './known-entry.ts';
import { LATE_NOTICE, lateNoticeKey } from './notices.ts';

export interface DelivererOptions extends Omit<DeliveryDependencies, 'patience'> {
  /** Something may be waiting in the outbox now. */
  readonly onDelivered: () => void;
  readonly log: { warn(fields: object, message: string): void };
  /** How many events come in just now. @default none */
  readonly crowd?: () => Crowd;
  /** How long a claim on a row lasts when nobody renews it. @default 10000 */
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
const WIDTH = 32;
/**
 * While many events come in for longer. Deliveries and acknowledgements share one thread of execution; with 32 deliveries
 * between them, Slack would wait for its acknowledgements until most of the deliveries are done.
 */
const CROWDED_WIDTH = 2;
/** A crowd that has just begun is asked about again after this time. Until then nothing is delivered. */
const REST_MS = 50;
/** Threads that are told in one go. The next go is a moment later. */
const OVERDUE_AT_ONCE = 500;
/** Rows that wait for the same answer are woken together. */
const WAKE_MS = 10;

/**
 * Delivers the inbox. Threads are worked on side by side, the rows of one thread in order. A row that fails is tried
 * again later; a row for which it is too early is put back, and that is no attempt. Both leave their place to others.
 */
export function createDeliverer(options: DelivererOptions): WorkLoop {
  const { database, now, log, leaseMs = 10_000, overdueMs = 60_000, sweepMs = 5_000 } = options;
  const dependencies = { ...options, patience: createLookupPatience(now) };
  const inHand = new Set<string>();
  const alarm = createAlarm(async (ids) => {
    await makeDue(database, ids);
    loop.poke();
  });
  const unread = (error: unknown): void => log.warn({ reason: String(error) }, 'the inbox could not be read');

  const deliver = async (row: InboxRow, stepAside: () => void): Promise<void> => {
    inHand.add(row.id);
    try {
      await deliverEntry(dependencies, row, stepAside);
      options.onDelivered();
    } catch (error) {
      await putOff(row, error);
    } finally {
      inHand.delete(row.id);
    }
  };

  const putOff = async (row: InboxRow, error: unknown): Promise<void> => {
    if (error instanceof TryAgain) {
      await putBackEntry(database, row.id, error.waitMs);
      if (error.over) alarm.after(error.over, row.id);
      return;
    }
    const failure = failureOf(error);
    if (failure.kind === 'limited') return putBackEntry(database, row.id, failure.waitMs);
    const reason = error instanceof Error ? error.message : String(error);
    log.warn({ inbox: row.id, kind: row.kind, attempts: row.attempts, reason }, 'not delivered; trying again');
    const longest = row.attempts > PATIENCE ? LONG_PAUSE_MS : PAUSE_MS;
    await postponeEntry(database, row.id, Math.min(FIRST_PAUSE_MS * 2 ** Math.min(row.attempts - 1, 10), longest));
  };

  const tellOverdue = (): Promise<void> =>
    inTransaction(database, async (db) => {
      for (const row of await takeOverdue(db, overdueMs, OVERDUE_AT_ONCE)) {
        const target = { key: lateNoticeKey(row), team: row.team, channel: row.channel, threadTs: row.threadTs };
        await putMessage(db, { ...target, body: { kind: 'notice', text: LATE_NOTICE }, final: true });
      }
    });

  const loop = createWorkLoop<InboxRow>({
    // PostgreSQL gives no second row of a thread before the first is done, whichever gateway has it.
    claim: (limit) => claimUndelivered(database, limit, leaseMs),
    work: deliver,
    nextDueMs: () => nextInboxDueMs(database),
    onError: unread,
    restMs: () => (options.crowd?.() === 'rising' ? REST_MS : 0),
    width: () => (options.crowd?.() === 'lasting' ? CROWDED_WIDTH : WIDTH),
  });
  const sweep = setInterval(() => {
    tellOverdue().catch((error) => log.warn({ reason: String(error) }, 'overdue messages could not be looked for'));
  }, sweepMs);
  const holding = setInterval(() => {
    if (inHand.size > 0) holdEntries(database, [...inHand], leaseMs).catch(unread);
  }, leaseMs / 3);
  return {
    poke: loop.poke,
    async stop() {
      clearInterval(sweep);
      await loop.stop();
      clearInterval(holding);
      alarm.stop();
    },
  };
}

/** Wakes rows when what they wait for has come; each row at most once at a time. */
function createAlarm(wake: (ids: readonly string[]) => Promise<void>) {
  const waiting = new Set<string>();
  let ringing = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const ring = (): void => {
    timer = undefined;
    const ids = [...ringing];
    ringing = new Set();
    // They become due by the clock as well.
    wake(ids).catch(() => {});
  };

  return {
    after(over: Promise<unknown>, id: string): void {
      if (waiting.has(id)) return;
      waiting.add(id);
      const done = (): void => {
        waiting.delete(id);
        if (stopped) return;
        ringing.add(id);
        timer ??= setTimeout(ring, WAKE_MS);
      };
      over.then(done, done);
    },
    stop(): void {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
