import type { Database } from '../../store/database.ts';
import { markSent, markSure, type OutboxOf } from '../../store/outbox-claims.ts';
import { failureOf } from '../api/errors.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { escapeText } from '../rendering/mrkdwn.ts';
import { renderMessage, renderQuestion } from '../rendering/render-message.ts';
import type { Hold } from './outbox-sender.ts';

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

export interface SendEphemeralDependencies {
  readonly db: Database;
  readonly calls: PacedCalls;
  readonly hold: Hold;
}

/**
 * Shows one person a message, at most once: there is no way to see afterwards whether it arrived. A call that certainly had no effect
 * is the caller's to judge: a limit is waited for, and a refusal is told in another way. The text may hold names and words of others.
 */
export async function sendEphemeral(
  { db, calls, hold }: SendEphemeralDependencies,
  row: OutboxOf<'ephemeral'>,
): Promise<boolean> {
  if (!row.unsure) {
    await hold({ unsure: true });
    try {
      await calls.call('chat.postEphemeral', ephemeralArguments(row));
    } catch (error) {
      if (failureOf(error).kind !== 'unknown') {
        await markSure(db, row);
        throw error;
      }
    }
  }
  await markSent(db, row, null, 0);
  return true;
}

function ephemeralArguments({ channel, threadTs, session, body }: OutboxOf<'ephemeral'>): Record<string, unknown> {
  const thread = threadTs ? { thread_ts: threadTs } : {};
  const { user, text, question, buttons } = body;
  const card = question
    ? { blocks: renderQuestion(question).blocks }
    : buttons
      ? { blocks: renderMessage({ kind: 'notice', text, buttons }, { session, now: new Date() }).blocks }
      : {};
  return { channel, user, text: escapeText(text), ...card, ...thread };
}
