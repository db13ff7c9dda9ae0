import type { Database } from '../../store/database.ts';
import { statusWouldLinger } from '../../store/outbox.ts';
import {
  claimOutbox,
  holdOutbox,
  markFailed,
  markSent,
  type OutboxOf,
  type OutboxRow,
  postponeSending,
} from '../../store/outbox-claims.ts';
import { failureOf, isTokenRefused, TryAgain } from '../api/errors.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { createWorkLoop, type WorkLoop } from '../work-loop.ts';
import { type Hold, LostRow } from './hold.ts';
import { sendFile, UploadFailed } from './send-file.ts';
import { sendMessage } from './send-message.ts';

export interface OutboxSenderOptions {
  readonly database: Database;
  readonly calls: PacedCalls;
  readonly apiUrl: string;
  readonly log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
  readonly now?: () => Date;
  /** How long a row is held: longer than one call to Slack may take. @default 15000 */
  readonly leaseMs?: number;
}

const LEASE_MS = 15_000;
/** A native status older than this would only contradict the answer. */
const STATUS_LIFE_MS = 15_000;
/** Slack is asked again after an outcome that nobody knows; its own delays should be over by then. */
const UNSURE_PAUSE_MS = 2_000;
const MAX_PAUSE_MS = 60_000;
const MAX_UPLOADS = 5;

/** Makes Slack agree with the outbox, row by row. */
export function createOutboxSender(options: OutboxSenderOptions): WorkLoop {
  const { database, calls, apiUrl, log, now = () => new Date(), leaseMs = LEASE_MS } = options;

  const send = (row: OutboxRow, hold: Hold): Promise<void> => {
    switch (row.kind) {
      case 'message':
        return sendMessage({ database, calls, now, hold }, row);
      case 'file':
        return sendFile({ db: database, calls, apiUrl, hold }, row);
      case 'reaction':
        return sendReaction(database, calls, row);
      case 'status':
        return sendStatus(database, calls, row, now());
      case 'ephemeral':
        return sendEphemeral(database, calls, row);
    }
  };

  const attempt = async (claimed: OutboxRow): Promise<void> => {
    // It may have waited behind others of its thread, and changed meanwhile.
    const row = await holdOutbox(database, claimed, leaseMs);
    if (!row) return;
    let held = row;
    const hold: Hold = async ({ ms = leaseMs, unsure } = {}) => {
      const again = await holdOutbox(database, held, ms, unsure);
      if (!again) throw new LostRow(`another sender has taken ${claimed.key}`);
      held = again;
    };
    try {
      await send(row, hold);
    } catch (error) {
      if (!(error instanceof LostRow)) await afterFailure(row, error);
    }
  };

  const afterFailure = async (row: OutboxRow, error: unknown): Promise<void> => {
    const failure = failureOf(error);
    const about = { key: row.key, kind: row.kind, attempts: row.attempts };
    if (failure.kind === 'limited') return postponeSending(database, row.id, row.revision, failure.waitMs);
    if (failure.kind === 'refused' && !isTokenRefused(failure)) {
      log.error({ ...about, code: failure.code }, 'Slack refused something of the outbox for good');
      return markFailed(database, row.id, row.revision, failure.code);
    }
    if (error instanceof UploadFailed && row.attempts >= MAX_UPLOADS) {
      log.error({ ...about, reason: error.message }, 'a file could not be uploaded');
      return markFailed(database, row.id, row.revision, 'upload_failed');
    }
    const reason = failure.kind === 'refused' ? failure.code : failure.reason;
    if (!(error instanceof TryAgain)) log.warn({ ...about, reason }, 'sending did not end well; trying again');
    await postponeSending(
      database,
      row.id,
      row.revision,
      Math.min(UNSURE_PAUSE_MS * 2 ** Math.min(row.attempts - 1, 6), MAX_PAUSE_MS),
    );
  };

  return createWorkLoop<OutboxRow>({
    claim: (limit) => claimOutbox(database, limit, leaseMs),
    work: attempt,
    laneOf: (row) =>
      row.kind === 'reaction' || row.kind === 'status' ? row.id : `${row.channel}:${row.threadTs ?? row.id}`,
    onError: (error) => log.warn({ reason: String(error) }, 'the outbox could not be read'),
  });
}

async function sendReaction(db: Database, calls: PacedCalls, row: OutboxOf<'reaction'>): Promise<void> {
  try {
    await calls.call('reactions.add', { channel: row.channel, timestamp: row.body.ts, name: row.body.name });
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind !== 'refused' || failure.code !== 'already_reacted') throw error;
  }
  await markSent(db, row.id, row.revision, null, 0);
}

/** Marked before it is tried: at most once. Apps without the assistant feature are refused; that costs nothing. */
async function sendStatus(db: Database, calls: PacedCalls, row: OutboxOf<'status'>, now: Date): Promise<void> {
  await markSent(db, row.id, row.revision, null, 0);
  const late = now.getTime() - row.createdAt.getTime() > STATUS_LIFE_MS;
  // Slack takes the line away at the next post; after that it would stand there for minutes.
  if (late || (await statusWouldLinger(db, row, row.createdAt))) return;
  const args = { channel_id: row.channel, thread_ts: row.threadTs, status: row.body.status };
  await calls.call('assistant.threads.setStatus', args).catch(() => {});
}

/** Marked before it is tried: there is no way to see afterwards whether it arrived. */
async function sendEphemeral(db: Database, calls: PacedCalls, row: OutboxOf<'ephemeral'>): Promise<void> {
  await markSent(db, row.id, row.revision, null, 0);
  const thread = row.threadTs ? { thread_ts: row.threadTs } : {};
  await calls.call('chat.postEphemeral', { channel: row.channel, user: row.body.user, text: row.body.text, ...thread });
}
