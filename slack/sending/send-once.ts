import type { Database } from '../../store/database.ts';
import { statusWouldLinger } from '../../store/outbox.ts';
import { markSent, type OutboxOf } from '../../store/outbox-claims.ts';
import { failureOf } from '../api/errors.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { escapeText } from '../rendering/mrkdwn.ts';
import { renderMessage, renderQuestion } from '../rendering/render-message.ts';

/** Slack shows the reaction as wanted already. */
const DONE_ERRORS = new Set(['already_reacted', 'no_reaction']);

/** Adds a reaction, or takes it back. Doing it twice is the same as doing it once. */
export async function sendReaction(db: Database, calls: PacedCalls, row: OutboxOf<'reaction'>): Promise<boolean> {
  try {
    await calls.call(row.method, { channel: row.channel, timestamp: row.body.ts, name: row.body.name });
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind !== 'refused' || !DONE_ERRORS.has(failure.code)) throw error;
  }
  await markSent(db, row, null, 0);
  return true;
}

/** Marked before it is tried: at most once. Apps without the assistant feature are refused; that costs nothing. */
export async function sendStatus(db: Database, calls: PacedCalls, row: OutboxOf<'status'>): Promise<boolean> {
  await markSent(db, row, null, 0);
  const ends = row.body.status === '';
  if (row.session === null || (!ends && (await statusWouldLinger(db, row.session, row.createdAt)))) return true;
  const args = { channel_id: row.channel, thread_ts: row.threadTs, status: row.body.status };
  await calls.call('assistant.threads.setStatus', args).catch(() => {});
  return true;
}

/** Marked before it is tried: there is no way to see afterwards whether it arrived. The text may hold names and words of others. */
export async function sendEphemeral(db: Database, calls: PacedCalls, row: OutboxOf<'ephemeral'>): Promise<boolean> {
  await markSent(db, row, null, 0);
  const thread = row.threadTs ? { thread_ts: row.threadTs } : {};
  const { user, text, question, buttons } = row.body;
  const card = question
    ? { blocks: renderQuestion(question).blocks }
    : buttons
      ? { blocks: renderMessage({ kind: 'notice', text, buttons }, { session: row.session, now: new Date() }).blocks }
      : {};
  await calls.call('chat.postEphemeral', { channel: row.channel, user, text: escapeText(text), ...card, ...thread });
  return true;
}
