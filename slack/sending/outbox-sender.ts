import { type ChangeLog, noteChange } from '../../contracts/state-changes.ts';
import { type Database, inTransaction } from '../../store/database.ts';
import { nextOutboxDueMs } from '../../store/next-due.ts';
import {
  claimOutbox,
  holdOutbox,
  letNextPost,
  markFailed,
  type OutboxRow,
  postponeSending,
} from '../../store/outbox-claims.ts';
import { setStatusAgain } from '../../store/working-status.ts';
import { failureOf, isTokenRefused } from '../api/errors.ts';
import type { GrantedCalls } from '../api/paced-calls.ts';
import { type RateLimits, SLACK_LIMITS } from '../api/rate-limits.ts';
import { createWorkLoop, type WorkLoop } from '../work-loop.ts';
import { sendFile, UploadFailed } from './send-file.ts';
import { sendMessage } from './send-message.ts';
import { sendEphemeral, sendReaction } from './send-once.ts';
import { sendStatus } from './send-status.ts';
import { sendingLimits } from './sending-limits.ts';
import { NEVER_TAKEN, tellOfRefusal } from './tell-of-refusal.ts';

export interface OutboxSenderOptions {
  readonly database: Database;
  readonly calls: GrantedCalls;
  /** The workspace whose rows are sent. */
  readonly team: string;
  /** The limits that `calls` keeps. @default Slack's documented limits */
  readonly limits?: RateLimits;
  readonly apiUrl: string;
  readonly log: ChangeLog & {
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  readonly now?: () => Date;
  /** How long a row is held: longer than one call to Slack may take. @default 15000 */
  readonly leaseMs?: number;
  /** After this long Slack is told again that a turn works. @default 90000, because Slack ends the line after two minutes */
  readonly statusAgainMs?: number;
}

/**
 * Makes sure, before something that cannot be taken back, that the outbox row is still ours, and keeps it for `ms`
 * more. `unsure` notes that its outcome may stay unknown. Throws `LostRow` when another sender has taken it.
 */
export type Hold = (options?: { readonly ms?: number; readonly unsure?: boolean }) => Promise<void>;

class LostRow extends Error {}

const LEASE_MS = 15_000;
const STATUS_AGAIN_MS = 90_000;
/** Calls to Slack at the same time. */
const WIDTH = 32;
/** How many of these calls are left to answers. It matters when Slack is slow. */
const SPARE = 8;
/** While rows wait for a token: it comes back by time alone, and nobody wakes us for it. */
const POLL_MS = 250;
/** Slack is asked again after an outcome that nobody knows; its own delays should be over by then. */
const FIRST_PAUSE_MS = 2_000;
const MAX_PAUSE_MS = 60_000;
const MAX_UPLOAD_FAILURES = 5;
/** Slack may be away for hours. A row that it has not taken for a day, in more than `MAX_FAILURES` attempts in a row, it will never take. */
const PATIENCE_MS = 24 * 3_600_000;
const MAX_FAILURES = 30;
/** They put something new into a thread. Slack then ends the line that says that the agent works. */
const POSTS: ReadonlySet<string> = new Set(['chat.postMessage', 'chat.startStream', 'files.completeUploadExternal']);
/** Our code for what was not posted because its thread is gone. */
const THREAD_GONE = 'thread_gone';

/**
 * Makes Slack agree with the outbox, row by row. Several senders may share one database.
 *
 * 1. A claim (`claimOutbox`) takes a token of Slack's rate limits and the row that may use it. Channels take turns.
 * 2. The row says which call it needs next (`method`). One claim is one call: a row that needs another call is given
 *    back and claimed again, in the lane of that call.
 * 3. A rate limit is waited for and counts as nothing. A failure is tried again after a pause that doubles. What Slack
 *    refuses for good is told to the person (`tellOfRefusal`).
 *
 * @example
 * // A turn ends, and its answer is posted.
 * await putMessage(db, { key: 'slack:T1:C1:1.1/1/answer', team: 'T1', channel: 'C1', threadTs: '1.1',
 *                        body: { kind: 'answer', text: 'Done.' }, final: true });
 * // The commit wakes the sender. The row has no slack_ts, so its method is chat.postMessage. It is put into the lane
 * // (T1, chat.postMessage, C1). It is the lane's turn and the bucket has a token: the token is taken, the row is claimed,
 * // chat.postMessage is called, and sent_revision becomes the revision that Slack shows.
 */
export function createOutboxSender(options: OutboxSenderOptions): WorkLoop {
  const { database, calls, team, apiUrl, log, now = () => new Date(), leaseMs = LEASE_MS } = options;
  const { statusAgainMs = STATUS_AGAIN_MS } = options;
  const limits = sendingLimits(options.limits ?? SLACK_LIMITS);

  /** True when Slack shows the row now; false when the row has been given back for its next call. */
  const send = (row: OutboxRow, hold: Hold): Promise<boolean> => {
    const granted = calls.granted(row.method);
    switch (row.kind) {
      case 'message':
        return sendMessage({ database, calls: granted, now, hold }, row);
      case 'file':
        return sendFile({ db: database, calls: granted, apiUrl, hold }, row);
      case 'reaction':
        return sendReaction(database, granted, row);
      case 'status':
        return sendStatus({ database, calls: granted, hold, againInMs: statusAgainMs }, row);
      case 'ephemeral':
        return sendEphemeral({ db: database, calls: granted, hold }, row);
    }
  };

  const attempt = async (row: OutboxRow): Promise<void> => {
    const hold: Hold = async ({ ms = leaseMs, unsure } = {}) => {
      if (!(await holdOutbox(database, row, ms, unsure))) throw new LostRow(`another sender has taken ${row.key}`);
    };
    if (row.threadGone && isNew(row)) return drop(row);
    try {
      const isShown = await send(row, hold);
      // A live line is sent again every second. Only its last state is a change.
      if (isShown && row.final) noteChange(log, { of: 'outbox', to: 'sent', id: row.id, kind: row.kind });
    } catch (error) {
      if (error instanceof LostRow) return;
      await afterFailure(row, error);
    }
    if (row.kind === 'message' || row.kind === 'file') await letNextPost(database, row);
    if (row.session !== null && POSTS.has(row.method)) await setStatusAgain(database, row.session);
  };

  const afterFailure = async (row: OutboxRow, error: unknown): Promise<void> => {
    const failure = failureOf(error);
    const about = { outbox: row.id, key: row.key, kind: row.kind };
    if (failure.kind === 'limited') return postponeSending(database, row, 'limit', failure.waitMs);
    if (failure.kind === 'refused' && failure.code === 'thread_not_found') return drop(row);
    if (failure.kind === 'refused' && !isTokenRefused(failure)) return giveUp(row, failure.code);
    if (error instanceof UploadFailed) {
      const failures = row.uploadFailures + 1;
      log.warn({ ...about, failures, reason: error.message }, 'a file could not be uploaded; trying again');
      if (failures >= MAX_UPLOAD_FAILURES) return giveUp(row, 'upload_failed');
      return postponeSending(database, row, 'upload', pauseAfter(failures));
    }
    const failures = row.attempts + 1;
    const reason = failure.kind === 'refused' ? failure.code : failure.reason;
    const waitedMs = now().getTime() - row.createdAt.getTime();
    if (failures > MAX_FAILURES && waitedMs > PATIENCE_MS) return giveUp(row, NEVER_TAKEN);
    log.warn({ ...about, failures, reason }, 'sending did not end well; trying again');
    await postponeSending(database, row, 'failure', pauseAfter(failures));
  };

  /** Nothing is posted in a thread whose first message was deleted, and nobody waits for it. */
  const drop = async (row: OutboxRow): Promise<void> => {
    await markFailed(database, row, THREAD_GONE);
    noteChange(log, { of: 'outbox', to: 'failed', id: row.id, kind: row.kind, code: THREAD_GONE });
  };

  const giveUp = async (row: OutboxRow, code: string): Promise<void> => {
    const told = await inTransaction(database, async (db) =>
      (await markFailed(db, row, code)) ? tellOfRefusal(db, row, code) : 'not needed',
    );
    const about = { outbox: row.id, key: row.key, kind: row.kind, code, told };
    log.error(about, 'Slack refused something of the outbox for good');
    noteChange(log, { of: 'outbox', to: 'failed', id: row.id, kind: row.kind, code });
  };

  return createWorkLoop<OutboxRow>({
    claim: (room) => claimOutbox(database, { team, limits, room, spare: SPARE, leaseMs }),
    work: attempt,
    // The order inside a thread is kept by what is claimed.
    laneOf: (row) => row.id,
    nextDueMs: () => nextOutboxDueMs(database),
    onError: (error) => log.warn({ reason: String(error) }, 'the outbox could not be read'),
    pollMs: POLL_MS,
    width: WIDTH,
  });
}

/** Whether sending the row would show something that Slack does not show yet. What may have been posted is looked for first. */
function isNew(row: OutboxRow): boolean {
  if (row.kind === 'reaction' || row.unsure || row.slackTs !== null) return false;
  return row.kind !== 'message' || row.body.kind !== 'gone';
}

/** @param failures of one cause in a row, from 1 */
function pauseAfter(failures: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 6), MAX_PAUSE_MS);
}
