import type { Database, Queryable } from '../../store/database.ts';
import { inTransaction } from '../../store/database.ts';
import type { AnswerBody } from '../../store/outbox.ts';
import { putMessage } from '../../store/outbox.ts';
import { foundInSlack, goneFromSlack, markSent, markUnsure, type OutboxOf } from '../../store/outbox-claims.ts';
import { failureOf } from '../api/errors.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { type RenderedMessage, renderMessage, withoutBlocks } from '../rendering/render-message.ts';
import { findPosted, METADATA_TYPE } from './find-posted.ts';
import type { Hold } from './hold.ts';

export interface SendMessageDependencies {
  readonly database: Database;
  readonly calls: PacedCalls;
  readonly now: () => Date;
  readonly hold: Hold;
}

/** Live updates of one message are at least this far apart. */
const LIVE_PAUSE_MS = 1_000;
/** The part of a rate limit that live updates leave to final messages: they slow down first, and then stop. */
const LIVE_SPARE = 0.4;
/** Slack refused the blocks, not the message. */
const BLOCK_ERRORS = new Set(['invalid_blocks', 'invalid_blocks_format', 'msg_blocks_too_long', 'msg_too_long']);
/** The message was deleted, or can no longer be changed. */
const GONE_ERRORS = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);

/**
 * Makes Slack show a message as its row wants it. A post whose outcome is not known is looked for by its mark before
 * anything else is done, so the thread holds exactly one message for each row.
 */
export async function sendMessage(dependencies: SendMessageDependencies, row: OutboxOf<'message'>): Promise<void> {
  const { database, calls, now } = dependencies;
  const message = renderMessage(row.body, { session: row.session, now: now() });
  let slackTs = row.slackTs;
  if (slackTs === null && row.unsure) {
    const place = { channel: row.channel, threadTs: row.threadTs, since: row.createdAt };
    slackTs = await findPosted(calls, place, row.mark);
    if (slackTs !== null) await foundInSlack(database, row.id, slackTs);
    else await markUnsure(database, row.id, false);
  }
  if (slackTs === null) slackTs = await post(dependencies, row, message);
  else if (!(await update(dependencies, row, slackTs, message))) return;
  await finish(database, row, message, slackTs);
}

async function post(
  { database, calls, hold }: SendMessageDependencies,
  row: OutboxOf<'message'>,
  message: RenderedMessage,
): Promise<string> {
  const send = async (shown: RenderedMessage): Promise<string> => {
    await hold({ unsure: true });
    const answer = await calls.call(
      'chat.postMessage',
      {
        channel: row.channel,
        ...(row.threadTs ? { thread_ts: row.threadTs } : {}),
        text: shown.text,
        ...(shown.blocks.length ? { blocks: shown.blocks } : {}),
        metadata: { event_type: METADATA_TYPE, event_payload: { mark: row.mark } },
        unfurl_links: false,
        unfurl_media: false,
      },
      row.final ? 0 : LIVE_SPARE,
    );
    if (typeof answer.ts !== 'string') throw new Error('chat.postMessage answered without a ts');
    return answer.ts;
  };
  try {
    return await withPlainFallback(send, message);
  } catch (error) {
    if (failureOf(error).kind !== 'unknown') await markUnsure(database, row.id, false);
    throw error;
  }
}

/** False when the message is gone and the row was reset, to be posted anew. */
async function update(
  { database, calls, hold }: SendMessageDependencies,
  row: OutboxOf<'message'>,
  ts: string,
  message: RenderedMessage,
): Promise<boolean> {
  const send = async (shown: RenderedMessage): Promise<void> => {
    await hold();
    const args = { channel: row.channel, ts, text: shown.text, blocks: shown.blocks };
    await calls.call('chat.update', args, row.final ? 0 : LIVE_SPARE);
  };
  try {
    await withPlainFallback(send, message);
    return true;
  } catch (error) {
    const failure = failureOf(error);
    // Whoever deletes a status line does not want it back; an answer is never dropped.
    if (failure.kind !== 'refused' || !GONE_ERRORS.has(failure.code) || !row.final) throw error;
    await goneFromSlack(database, row.id);
    return false;
  }
}

async function withPlainFallback<T>(
  send: (shown: RenderedMessage) => Promise<T>,
  message: RenderedMessage,
): Promise<T> {
  try {
    return await send(message);
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind !== 'refused' || !BLOCK_ERRORS.has(failure.code) || message.blocks.length === 0) throw error;
    return send(withoutBlocks(message));
  }
}

/** The rest of a long answer becomes a row of its own in the same transaction: it is neither lost nor doubled. */
async function finish(
  database: Database,
  row: OutboxOf<'message'>,
  message: RenderedMessage,
  slackTs: string,
): Promise<void> {
  const done = (db: Queryable): Promise<void> => markSent(db, row.id, row.revision, slackTs, LIVE_PAUSE_MS);
  if (message.rest === null || row.body.kind !== 'answer') return done(database);
  const { body } = row;
  const part = (body.part ?? 1) + 1;
  const next: AnswerBody = { ...body, text: message.rest, part };
  await inTransaction(database, async (db) => {
    await done(db);
    await putMessage(db, {
      key: `${row.key.replace(/#\d+$/, '')}#${part}`,
      team: row.team,
      channel: row.channel,
      threadTs: row.threadTs,
      session: row.session,
      body: next,
      final: true,
    });
  });
}
