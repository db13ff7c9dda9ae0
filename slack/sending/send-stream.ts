import type { OutboxOf } from '../../store/outbox-claims.ts';
import { markSent, markSure } from '../../store/outbox-claims.ts';
import {
  giveUpStream,
  markBegun,
  markBegunUnseen,
  markGrown,
  markStopped,
  noteNotOffered,
} from '../../store/streams.ts';
import { failureOf, isTokenRefused } from '../api/errors.ts';
import { neutralise } from '../rendering/neutralise.ts';
import { settledPart } from '../rendering/settled-part.ts';
import { findUnmarked, METADATA_TYPE } from './find-posted.ts';
import type { SendMessageDependencies } from './send-message.ts';

/** Pieces of one message are at least this far apart. */
const PAUSE_MS = 1_000;
/** Slack takes 12,000 characters a call. What is longer is shown by the answer's own messages. */
const MOST_TEXT = 11_000;
/**
 * Where a link may begin. Slack shows no preview of what is edited in, but it may load one for streamed text, and `chat.startStream` cannot
 * switch that off. A preview would fetch an address that a page or file has made the model write. Therefore a link is never streamed: it
 * comes with the final edit, and so does what follows it.
 */
const LINK = /https?:|www\.|\]\s*[(:]|<[a-z][a-z+.-]*:/i;
/** Slack does not offer growing messages to this workspace or app (docs.slack.dev, the errors of chat.startStream). */
const NOT_OFFERED = new Set([
  ...['unknown_method', 'method_deprecated', 'missing_scope', 'not_allowed_token_type', 'access_denied'],
  ...['feature_not_enabled', 'team_access_not_granted', 'enterprise_is_restricted'],
]);

/** They say something of this thread, and nothing of the workspace. */
const OF_THREAD = new Set(['thread_not_found', 'message_not_found', 'channel_not_found', 'is_archived']);

/**
 * Sends a message that grows while a model writes it, in three kinds of calls, one a claim: it is begun, pieces are added, and it is stopped.
 * After that its row is an ordinary message, which is edited into the answer's final form, or deleted.
 *
 * - Slack takes no mark at the beginning. When the outcome of the beginning is not known, the one message of ours in the thread that has no
 *   mark is it: every other has one.
 * - What Slack has is always what `neutralise` makes of some beginning of the text. A piece is added only where the whole stays that, so
 *   no mention comes about by two pieces.
 * - When it is not known what Slack has, nothing is added any more. The final edit replaces all of it.
 *
 * @returns whether Slack shows the row now; false when the row was given back for another call
 */
export async function sendStream(dependencies: SendMessageDependencies, row: OutboxOf<'message'>): Promise<boolean> {
  if (row.slackTs !== null) {
    return row.body.kind === 'stream'
      ? add(dependencies, row, row.slackTs, row.body.text)
      : stop(dependencies, row, row.slackTs);
  }
  const { database, calls } = dependencies;
  if (row.unsure) {
    const place = { channel: row.channel, threadTs: row.threadTs, since: row.createdAt };
    await markBegunUnseen(database, row, await findUnmarked(calls, place));
    return false;
  }
  if (row.body.kind === 'stream') return begin(dependencies, row, row.body.text);
  await markSent(database, row, null, 0);
  return true;
}

async function begin(
  { database, calls, hold }: SendMessageDependencies,
  row: OutboxOf<'message'>,
  whole: string,
): Promise<boolean> {
  const text = toSend(whole);
  if (text === '') {
    // The first words have no end yet.
    await markSent(database, row, null, 0);
    return true;
  }
  await hold({ unsure: true });
  try {
    const answer = await calls.call('chat.startStream', {
      channel: row.channel,
      thread_ts: row.threadTs,
      markdown_text: text,
    });
    if (typeof answer.ts !== 'string') throw new Error('chat.startStream answered without a ts');
    await markBegun(database, row, { slackTs: answer.ts, text, pauseMs: PAUSE_MS });
    return true;
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind !== 'unknown') await markSure(database, row);
    if (failure.kind !== 'refused' || (isTokenRefused(failure) && !NOT_OFFERED.has(failure.code))) throw error;
    // The live line shows the text instead, from the next words on.
    if (!OF_THREAD.has(failure.code)) {
      await noteNotOffered(database, row.team, failure.code, NOT_OFFERED.has(failure.code) ? 24 : 1);
    }
    await giveUpStream(database, row);
    return true;
  }
}

async function add(
  { database, calls, hold }: SendMessageDependencies,
  row: OutboxOf<'message'>,
  ts: string,
  whole: string,
): Promise<boolean> {
  const text = toSend(whole);
  const has = row.streamed ?? '';
  // A sender that died with the row may have added a piece.
  // What is held back may be a little more than it was before.
  const goesOn = row.stream === 'open' && !row.unsure && (text.startsWith(has) || has.startsWith(text));
  const piece = goesOn ? text.slice(has.length) : '';
  if (piece === '') {
    await markGrown(database, row, goesOn ? has : null, PAUSE_MS);
    return true;
  }
  await hold({ unsure: true });
  try {
    await calls.call('chat.appendStream', { channel: row.channel, ts, markdown_text: piece });
    await markGrown(database, row, text, PAUSE_MS);
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind === 'limited' || (failure.kind === 'refused' && isTokenRefused(failure))) {
      await markSure(database, row);
      throw error;
    }
    // Slack has ended it, the person has stopped or deleted it, or nobody knows whether the piece arrived.
    await markGrown(database, row, null, PAUSE_MS);
  }
  return true;
}

/** Ends the growing, with the rest of the text where that is known, so that the answer is whole before its final form comes. */
async function stop(
  { database, calls, hold }: SendMessageDependencies,
  row: OutboxOf<'message'>,
  ts: string,
): Promise<false> {
  const { body, streamed, stream, mark, unsure } = row;
  const whole = body.kind === 'answer' ? neutralise(body.text) : '';
  const hasRest =
    stream === 'open' &&
    !unsure &&
    streamed !== null &&
    whole.length <= MOST_TEXT &&
    whole.startsWith(streamed) &&
    !LINK.test(whole);
  const rest = hasRest ? whole.slice(streamed.length) : '';
  await hold();
  try {
    await calls.call('chat.stopStream', {
      channel: row.channel,
      ts,
      ...(rest && { markdown_text: rest }),
      metadata: { event_type: METADATA_TYPE, event_payload: { mark } },
    });
  } catch (error) {
    const failure = failureOf(error);
    // Refused: it has ended already, by itself or by an earlier attempt. What is edited or deleted next says whether it is there.
    if (failure.kind !== 'refused' || isTokenRefused(failure)) throw error;
  }
  await markStopped(database, row);
  return false;
}

function toSend(whole: string): string {
  const link = whole.search(LINK);
  return neutralise(settledPart(whole.slice(0, link < 0 ? MOST_TEXT : Math.min(link, MOST_TEXT))));
}
