import type { Database, Queryable } from '../../store/database.ts';
import { inTransaction } from '../../store/database.ts';
import { endThread } from '../../store/deletions.ts';
import { saveFile } from '../../store/files.ts';
import type { AnswerBody, ShownBody } from '../../store/outbox.ts';
import { putFile, putMessage, replaceMessage } from '../../store/outbox.ts';
import {
  goneFromSlack,
  markFailed,
  markLooked,
  markSent,
  markSure,
  type OutboxOf,
  postponeSending,
  sendPlain,
  takeOut,
} from '../../store/outbox-claims.ts';
import { isWanted } from '../../store/own-posts.ts';
import { stopAgain } from '../../store/streams.ts';
import { lockSession } from '../../store/turn-fence.ts';
import { failureOf, isTokenRefused } from '../api/errors.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { cutText } from '../rendering/mrkdwn.ts';
import { ANSWER_FILE, type RenderedMessage, renderMessage, renderWithoutBlocks } from '../rendering/render-message.ts';
import { findPosted, METADATA_TYPE } from './find-posted.ts';
import type { Hold } from './outbox-sender.ts';
import { sendStream } from './send-stream.ts';

export interface SendMessageDependencies {
  readonly database: Database;
  readonly calls: PacedCalls;
  readonly now: () => Date;
  readonly hold: Hold;
}

/** Live updates of one message are at least this far apart. */
const LIVE_PAUSE_MS = 1_000;
/** Slack refused the blocks, not the message. */
const BLOCK_ERRORS = new Set(['invalid_blocks', 'invalid_blocks_format', 'msg_blocks_too_long', 'msg_too_long']);
/** Slack takes neither an edit nor a deletion of a message that grows. */
const STILL_GROWS = 'streaming_state_conflict';
const STOP_AGAIN_MS = 5_000;
/** The message was deleted, or can no longer be changed. */
const GONE_ERRORS = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);

/**
 * Makes Slack show a message as its row wants it. A post whose outcome is not known is looked for by its mark before
 * anything else is done, so the thread holds exactly one message for each row.
 *
 * @returns whether Slack shows the row now; false when the row was given back for another call
 */
export async function sendMessage(dependencies: SendMessageDependencies, row: OutboxOf<'message'>): Promise<boolean> {
  const { database, calls, hold } = dependencies;
  const { body } = row;
  if ((row.stream !== null && row.stream !== 'ended') || body.kind === 'stream') return sendStream(dependencies, row);
  if (row.slackTs === null && row.unsure) {
    const place = { channel: row.channel, threadTs: row.threadTs, since: row.createdAt };
    await markLooked(database, row, await findPosted(calls, place, row.mark));
    return false;
  }
  if (body.kind === 'gone') return remove(dependencies, row);
  try {
    const shown = { ...row, body };
    const sent =
      row.slackTs === null ? await post(dependencies, shown) : await update(dependencies, shown, row.slackTs);
    if (!sent.isInThread) return await takeOutside(database, row, sent.ts);
    await finish(database, row, sent);
    return true;
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind !== 'refused') throw error;
    if (failure.code === STILL_GROWS) {
      await stopAgain(database, row, STOP_AGAIN_MS);
      return false;
    }
    const isGone = GONE_ERRORS.has(failure.code) && row.slackTs !== null;
    // The tool that was to delete it says that it still stands.
    if (body.kind === 'notice' && body.by !== undefined) {
      await markFailed(database, row, failure.code);
      return true;
    }
    if (BLOCK_ERRORS.has(failure.code) && !row.plain) await sendPlain(database, row);
    // A file belongs to a thread. What opens a thread of its own has none to put a file in.
    else if (
      BLOCK_ERRORS.has(failure.code) &&
      body.kind === 'answer' &&
      body.text &&
      !body.inFile &&
      row.session !== null
    ) {
      await hold();
      await sendAsFile(database, row, body);
    }
    // Somebody who deletes a live line does not want it back. An answer is never dropped.
    else if (isGone && row.final) await goneFromSlack(database, row);
    else throw error;
    return false;
  }
}

/** Stands in place of a live line that Slack does not let be deleted. */
const ENDED = 'This work has ended. What came of it stands below.';

/**
 * Takes a message out of Slack. One that somebody has deleted already is gone too. Some workspaces let nobody delete
 * (`compliance_exports_prevent_deletion`): there the message says that it is over, and loses its button.
 */
async function remove({ database, calls, hold }: SendMessageDependencies, row: OutboxOf<'message'>): Promise<boolean> {
  if (row.slackTs !== null) {
    await hold();
    try {
      await calls.call('chat.delete', { channel: row.channel, ts: row.slackTs });
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind !== 'refused' || isTokenRefused(failure)) throw error;
      if (failure.code === STILL_GROWS) {
        await stopAgain(database, row, STOP_AGAIN_MS);
        return false;
      }
      if (failure.code !== 'message_not_found') {
        await inTransaction(database, async (db) => {
          const text = (row.body.kind === 'gone' && row.body.words) || ENDED;
          const by = row.body.kind === 'gone' ? row.body.by : undefined;
          await replaceMessage(db, row.key, { kind: 'notice', text, ...(by && { by }) });
          await postponeSending(db, row, 'limit', 0);
        });
        return false;
      }
    }
  }
  await markSent(database, row, null, 0);
  return true;
}

type ShownRow = OutboxOf<'message'> & { readonly body: ShownBody };

/** A message as Slack shows it now. */
interface SentMessage {
  readonly ts: string;
  readonly shown: RenderedMessage;
  /** False when Slack has shown it at the top level of the channel, because its thread is gone. */
  readonly isInThread: boolean;
}

async function post(dependencies: SendMessageDependencies, row: ShownRow): Promise<SentMessage> {
  const { database, calls, hold } = dependencies;
  const shown = render(dependencies, row);
  await hold({ unsure: true });
  try {
    const answer = await calls.call('chat.postMessage', {
      channel: row.channel,
      ...(row.threadTs ? { thread_ts: row.threadTs } : {}),
      text: shown.text,
      parse: 'none',
      ...(shown.blocks.length ? { blocks: shown.blocks } : {}),
      metadata: { event_type: METADATA_TYPE, event_payload: { mark: row.mark } },
      unfurl_links: false,
      unfurl_media: false,
    });
    if (typeof answer.ts !== 'string') throw new Error('chat.postMessage answered without a ts');
    return { ts: answer.ts, shown, isInThread: isInThread(row, answer.message) };
  } catch (error) {
    if (failureOf(error).kind !== 'unknown') await markSure(database, row);
    throw error;
  }
}

async function update(dependencies: SendMessageDependencies, row: ShownRow, ts: string): Promise<SentMessage> {
  const { calls, hold } = dependencies;
  const shown = render(dependencies, row);
  await hold();
  // `none` is the default of a post. The default of an update is `client`. Slack does not document what that means (docs.slack.dev).
  await calls.call('chat.update', { channel: row.channel, ts, text: shown.text, parse: 'none', blocks: shown.blocks });
  return { ts, shown, isInThread: true };
}

/** Slack takes a post into a thread that is gone, and shows it at the top level. Only its answer tells: the message has no thread. */
function isInThread({ threadTs }: ShownRow, message: unknown): boolean {
  if (threadTs === null || typeof message !== 'object' || message === null) return true;
  return typeof (message as { thread_ts?: unknown }).thread_ts === 'string';
}

/** The message is taken out again, and the work in its thread ends as after any deletion of a first message. */
async function takeOutside(database: Database, row: OutboxOf<'message'>, ts: string): Promise<false> {
  await inTransaction(database, async (db) => {
    if (row.session !== null && (await lockSession(db, row.session)) !== null) await endThread(db, row.session);
    await takeOut(db, row, ts);
  });
  return false;
}

function render({ now }: SendMessageDependencies, { body, plain, session }: ShownRow): RenderedMessage {
  const context = { session, now: now() };
  return plain ? renderWithoutBlocks(body, context) : renderMessage(body, context);
}

/** How much of an answer is shown that Slack refuses in every form. */
const SHORT = 300;

/** The last way for an answer that Slack refuses with blocks and without: a few words of it, and all of it as a file. */
async function sendAsFile(database: Database, row: OutboxOf<'message'>, body: AnswerBody): Promise<void> {
  await inTransaction(database, async (db) => {
    if (!(await isWanted(db, row.id))) return postponeSending(db, row, 'limit', 0);
    await putAnswerFile(db, row, body.text);
    await replaceMessage(db, row.key, { ...body, text: cutText(body.text, SHORT), inFile: true });
    await postponeSending(db, row, 'limit', 0);
  });
}

/** Two senders that do this for one row make one file, because bytes and row have keys of the answer. */
async function putAnswerFile(db: Queryable, row: OutboxOf<'message'>, text: string): Promise<void> {
  const { session, team, channel, threadTs } = row;
  if (session === null) return;
  const key = `${row.key}/file`;
  const bytes = Buffer.from(text, 'utf8');
  const fileId = await saveFile(db, { session, name: ANSWER_FILE, bytes, direction: 'out', origin: key });
  await putFile(db, { key, team, channel, threadTs, body: { fileId, name: ANSWER_FILE } });
}

/**
 * The rest of a long answer becomes a row of its own in the same transaction: it is neither lost nor doubled. What needs more
 * messages than a thread should have becomes a file.
 */
async function finish(database: Database, row: OutboxOf<'message'>, { ts, shown }: SentMessage): Promise<void> {
  const { body } = row;
  const { rest, file } = shown;
  if (body.kind !== 'answer' || (rest === null && file === undefined))
    return markSent(database, row, ts, LIVE_PAUSE_MS);
  const part = (body.part ?? 1) + 1;
  await inTransaction(database, async (db) => {
    await markSent(db, row, ts, LIVE_PAUSE_MS);
    if (!(await isWanted(db, row.id))) return;
    if (file !== undefined) await putAnswerFile(db, row, file);
    if (rest === null) return;
    const next: AnswerBody = { ...body, text: rest, part };
    await putMessage(db, {
      key: `${row.key.replace(/#\d+$/, '')}#${part}`,
      team: row.team,
      channel: row.channel,
      threadTs: row.threadTs,
      body: next,
      final: true,
    });
  });
}
