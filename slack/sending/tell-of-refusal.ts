import { type SessionId, threadOf } from '../../contracts/ids.ts';
import { isAwaited } from '../../store/awaited-posts.ts';
import type { Queryable } from '../../store/database.ts';
import { lastAsker } from '../../store/last-asker.ts';
import { type AnswerBody, putMessage, putReaction } from '../../store/outbox.ts';
import type { OutboxRow } from '../../store/outbox-claims.ts';

/** How the person hears of it; `nobody` when every way was tried, or when nobody waits for it. */
export type Told =
  | 'in the thread'
  | 'in a direct message'
  | 'by taking the reaction back'
  | 'by the tool that posts it'
  | 'nobody';

/** Our code for what Slack has answered with errors for a day. */
export const NEVER_TAKEN = 'never_taken';

const NOT_THERE = 'I am not in that channel any more. Somebody there can bring me back with /invite';
const RESTRICTED = 'Slack lets only some people post there, and an administrator of the workspace can change that';

/** What the person can do about it, for the codes that say more than that Slack refused. */
const REASONS: ReadonlyMap<string, string> = new Map([
  [NEVER_TAKEN, 'Slack answered with errors for a day'],
  ['is_archived', 'that channel is archived'],
  ['not_in_channel', NOT_THERE],
  // What Slack says of a private channel that the app was taken out of.
  ['channel_not_found', NOT_THERE],
  ['restricted_action', RESTRICTED],
  ['restricted_action_read_only_channel', RESTRICTED],
  ['restricted_action_thread_only_channel', RESTRICTED],
  ['restricted_action_non_threadable_channel', RESTRICTED],
  ['restricted_action_thread_locked', 'that thread is locked'],
]);

function why(code: string): string {
  const reason = REASONS.get(code);
  return reason && code !== NEVER_TAKEN ? `${reason} (${code})` : (reason ?? `Slack refused it (${code})`);
}

const IN_THREAD = '/refused';
const IN_DM = '/refused/dm';

/**
 * Tells the person that something for them cannot be shown in Slack, by a row of its own. Each way that is refused
 * too leads to the next: a short notice in the thread, a direct message to the person who asked, and at last the reaction is
 * taken back, so that nobody waits for an answer. To be called in the transaction that gives the row up.
 *
 * @param code Slack's error, or one of ours
 */
export async function tellOfRefusal(db: Queryable, row: OutboxRow, code: string): Promise<Told> {
  if (row.key.endsWith(IN_DM)) {
    return row.kind === 'message' && row.body.kind === 'notice' ? takeReactionBack(db, row.body.about) : 'nobody';
  }
  if (isRefusal(row)) return 'nobody';
  if (row.kind === 'ephemeral') {
    const { user: author, text, question, onlyThere } = row.body;
    return tellPerson(db, row, { author, ...(question || onlyThere ? {} : { said: text }) }, code);
  }
  if (row.kind === 'message' && row.body.kind === 'answer' && row.body.elsewhere)
    return tellWhereAsked(db, row, row.body.elsewhere, code);
  if (!row.final || row.session === null || row.kind === 'reaction' || row.kind === 'status') return 'nobody';
  if (row.kind === 'message' && row.body.kind === 'gone') return 'nobody';
  if (row.kind === 'message' && row.body.kind === 'notice' && row.body.for !== undefined)
    return tellPerson(db, row, { author: row.body.for, said: row.body.text }, code);
  if (row.key.endsWith(IN_THREAD)) return tellInPrivate(db, row, row.session, code);
  const what = row.kind === 'file' ? `The file ${row.body.name}` : 'My answer';
  const text = `${what} could not be posted here: ${why(code)}. Please ask me again.`;
  const { team, channel, threadTs } = row;
  const body = { kind: 'notice', text } as const;
  await putMessage(db, { key: `${row.key}${IN_THREAD}`, team, channel, threadTs, body, final: true });
  return 'in the thread';
}

/**
 * Whether the row tells somebody that the agent does not work for them (own-answers.ts). Nobody waits for an answer then. The person who
 * asked last in the thread may be somebody else, and has to hear nothing of it.
 */
function isRefusal({ key }: OutboxRow): boolean {
  return key.startsWith('refusal/') || key.startsWith('bot-refusal/');
}

/** Tells the thread that asked for a post elsewhere. While the tool that posts it waits, the agent tells of it itself. */
async function tellWhereAsked(
  db: Queryable,
  row: OutboxRow,
  { about, place }: NonNullable<AnswerBody['elsewhere']>,
  code: string,
): Promise<Told> {
  if (await isAwaited(db, row.id)) return 'by the tool that posts it';
  const text = `The message for ${place} that was asked for here could not be posted: ${why(code)}. Please ask me again.`;
  const { team, channel, threadTs } = threadOf(about);
  const body = { kind: 'notice', text } as const;
  await putMessage(db, { key: `${row.key}${IN_THREAD}`, team, channel, threadTs, body, final: true });
  return 'in the thread';
}

async function tellInPrivate(db: Queryable, row: OutboxRow, about: SessionId, code: string): Promise<Told> {
  const asker = await lastAsker(db, about);
  return asker ? tellPerson(db, row, { author: asker.author, about }, code) : 'nobody';
}

/**
 * @param of `about` is the thread whose reaction is taken back when the direct message is refused as well; `said` is what the person alone
 * was to read there, so it is said here
 */
async function tellPerson(
  db: Queryable,
  { key, team }: OutboxRow,
  { author, about, said }: { readonly author: string; readonly about?: SessionId; readonly said?: string },
  code: string,
): Promise<Told> {
  const refused = `I could not post my answer where you asked me: ${why(code)}.`;
  const text =
    said === undefined ? `${refused} Please ask me again where I can post.` : `${refused} Here it is:\n${said}`;
  // Slack opens the direct message for a post to a person's id (docs.slack.dev, chat.postMessage).
  const target = {
    key: `${key.endsWith(IN_THREAD) ? key.slice(0, -IN_THREAD.length) : key}${IN_DM}`,
    team,
    channel: author,
    threadTs: null,
  };
  await putMessage(db, { ...target, body: { kind: 'notice', text, ...(about ? { about } : {}) }, final: true });
  return 'in a direct message';
}

async function takeReactionBack(db: Queryable, about: SessionId | undefined): Promise<Told> {
  const asker = about ? await lastAsker(db, about) : null;
  if (!about || !asker) return 'nobody';
  const { team, channel, threadTs } = threadOf(about);
  const target = { key: `${asker.inboxId}/reaction/taken-back`, team, channel, threadTs };
  await putReaction(db, { ...target, body: { ts: asker.ts, name: 'eyes', remove: true } }, TAKE_BACK_LIFE_MS);
  return 'by taking the reaction back';
}

/** The last sign that a person gets is worth a long wait. */
const TAKE_BACK_LIFE_MS = 3_600_000;
