import type { Database, Queryable } from '../../store/database.ts';
import { inTransaction } from '../../store/database.ts';
import type { AnswerBody } from '../../store/outbox.ts';
import { putMessage } from '../../store/outbox.ts';
import { foundInSlack, goneFromSlack, markSent, markUnsure, type OutboxOf } from '../../store/outbox-claims.ts';
import { failureOf } from '../api/errors.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import {
  type RenderContext,
  type RenderedMessage,
  renderMessage,
  renderWithoutBlocks,
} from '../rendering/render-message.ts';
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
  const context = { session: row.session, now: now() };
  let slackTs = row.slackTs;
  if (slackTs === null && row.unsure) {
    const place = { channel: row.channel, threadTs: row.threadTs, since: row.createdAt };
    slackTs = await findPosted(calls, place, row.mark);
    if (slackTs !== null) await foundInSlack(database, row.id, slackTs);
    else await markUnsure(database, row.id, false);
  }
  const sent =
    slackTs === null ? await post(dependencies, row, context) : await update(dependencies, row, slackTs, context);
  if (sent) await finish(database, row, sent);
}

/** A message as Slack shows it now. */
interface SentMessage {
  readonly ts: string;
  readonly shown: RenderedMessage;
}

async function post(
  { database, calls, hold }: SendMessageDependencies,
  row: OutboxOf<'message'>,
  context: RenderContext,
): Promise<SentMessage> {
  const send = async (shown: RenderedMessage): Promise<SentMessage> => {
    await hold({ unsure: true });
    const answer = await calls.call(
      'chat.postMessage',
      {
        channel: row.channel,
        ...(row.threadTs ? { thread_ts: row.threadTs } : {}),
        text: shown.text,
        parse: 'none',
        ...(shown.blocks.length ? { blocks: shown.blocks } : {}),
        metadata: { event_type: METADATA_TYPE, event_payload: { mark: row.mark } },
        unfurl_links: false,
        unfurl_media: false,
      },
      row.final ? 0 : LIVE_SPARE,
    );
    if (typeof answer.ts !== 'string') throw new Error('chat.postMessage answered without a ts');
    return { ts: answer.ts, shown };
  };
  try {
    return await withPlainFallback(send, row, context);
  } catch (error) {
    if (failureOf(error).kind !== 'unknown') await markUnsure(database, row.id, false);
    throw error;
  }
}

/** Null when the message is gone and the row was reset, to be posted anew. */
async function update(
  { database, calls, hold }: SendMessageDependencies,
  row: OutboxOf<'message'>,
  ts: string,
  context: RenderContext,
): Promise<SentMessage | null> {
  const send = async (shown: RenderedMessage): Promise<SentMessage> => {
    await hold();
    // A post's default; an update's is `client`, of which nothing more is written (docs.slack.dev, chat.update).
    const args = { channel: row.channel, ts, text: shown.text, parse: 'none', blocks: shown.blocks };
    await calls.call('chat.update', args, row.final ? 0 : LIVE_SPARE);
    return { ts, shown };
  };
  try {
    return await withPlainFallback(send, row, context);
  } catch (error) {
    const failure = failureOf(error);
    // Whoever deletes a status line does not want it back; an answer is never dropped.
    if (failure.kind !== 'refused' || !GONE_ERRORS.has(failure.code) || !row.final) throw error;
    await goneFromSlack(database, row.id);
    return null;
  }
}

async function withPlainFallback(
  send: (shown: RenderedMessage) => Promise<SentMessage>,
  { body }: OutboxOf<'message'>,
  context: RenderContext,
): Promise<SentMessage> {
  try {
    return await send(renderMessage(body, context));
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind !== 'refused' || !BLOCK_ERRORS.has(failure.code)) throw error;
    return send(renderWithoutBlocks(body, context));
  }
}

/** The rest of a long answer becomes a row of its own in the same transaction: it is neither lost nor doubled. */
async function finish(database: Database, row: OutboxOf<'message'>, { ts, shown }: SentMessage): Promise<void> {
  const done = (db: Queryable): Promise<void> => markSent(db, row.id, row.revision, ts, LIVE_PAUSE_MS);
  if (shown.rest === null || row.body.kind !== 'answer') return done(database);
  const { body } = row;
  const part = (body.part ?? 1) + 1;
  const next: AnswerBody = { ...body, text: shown.rest, part };
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
