import { threadOf } from '../../contracts/ids.ts';
import type { InboxEntry, InboxFile } from '../../store/inbox.ts';
import type { Arrival } from '../../store/inbox-intake.ts';
import type { SlackIdentity } from '../api/identity.ts';
import { commandOf, isMarked, taggedPeople } from './commands.ts';
import { editOf } from './edits.ts';
import { fileOf } from './file-of.ts';
import { isTs, SUBTYPES } from './message-event.ts';
import { authorsWords, isForwarded, messageText } from './message-text.ts';
import { speaksTo, spokenText } from './read-blocks.ts';
import { removeTokens } from './remove-tokens.ts';

/** The action id of the stop button; its value is the session's id. */
export const STOP_ACTION = 'bellhop_stop';
/** The action id of the button that has a thread forgotten; its value is the session's id too. */
export const FORGET_ACTION = 'bellhop_forget';
/** What each of these buttons says in words. Without words it is a stop. */
const WORDS: ReadonlyMap<unknown, string> = new Map([
  [STOP_ACTION, ''],
  [FORGET_ACTION, 'forget'],
]);

/** The fields we read of an event. Everything in it comes from outside: nothing is there until it was looked at. */
interface MessageEvent {
  type?: unknown;
  subtype?: unknown;
  hidden?: unknown;
  edited?: unknown;
  user?: unknown;
  bot_id?: unknown;
  channel?: unknown;
  channel_type?: unknown;
  text?: unknown;
  ts?: unknown;
  thread_ts?: unknown;
  blocks?: unknown;
  files?: unknown;
  attachments?: unknown;
}

/**
 * What an event or action of Slack is to us; null for what is not for us. An edit is a note and never starts work, and nothing
 * that we posted ourselves comes back in.
 */
export function incomingOf(body: unknown, identity: SlackIdentity): Arrival | null {
  if (!isRecord(body)) return null;
  if (body.type === 'event_callback' && isRecord(body.event) && typeof body.event_id === 'string') {
    if (body.event.edited) return null;
    const edit = editOf(body.event, identity);
    if (edit) return { keep: 'in-thread', entry: edit };
    return incomingMessage(body.event, body.event_id, identity);
  }
  if (body.type === 'block_actions') return incomingStop(body, identity);
  return null;
}

/** What a new message is to us: an event of Slack, or the same as a history shows it, which may have been edited since. */
export function incomingMessage(event: MessageEvent, eventId: string, identity: SlackIdentity): Arrival | null {
  const entry = entryOf(event, eventId, identity);
  if (!entry) return null;
  if (entry.address !== 'thread') return { keep: 'always', entry };
  return entry.threadTs === entry.ts ? null : { keep: 'in-thread', entry };
}

/** A message of a person or another app as an inbox entry; null for everything else that happens in a channel. */
export function entryOf(event: MessageEvent, eventId: string, identity: SlackIdentity): InboxEntry | null {
  if (event.type !== 'message' && event.type !== 'app_mention') return null;
  if (!SUBTYPES.has(event.subtype) || event.hidden) return null;
  const { channel, ts } = event;
  const author = typeof event.user === 'string' ? event.user : event.bot_id;
  if (typeof channel !== 'string' || !isTs(ts) || typeof author !== 'string') return null;
  if (author === identity.botUser || event.bot_id === identity.botId) return null;

  const text = removeTokens(messageText({ ...event }));
  const direct = event.channel_type === 'im' || channel.startsWith('D');
  const called = direct || speaksTo(identity.botUser, event);
  const files = filesOf(event);
  const stop = files.length === 0 && isStop(text, called, isTs(event.thread_ts), identity);
  return {
    // app_mention and message of one text have two event ids; a stop has no message row to be unique by.
    eventId: stop ? `stop:${identity.team}:${channel}:${ts}` : eventId,
    kind: stop ? 'stop' : 'message',
    team: identity.team,
    channel,
    threadTs: isTs(event.thread_ts) ? event.thread_ts : ts,
    ts,
    author,
    authorClass: typeof event.bot_id === 'string' ? 'bot' : 'unknown',
    address: direct ? 'dm' : called ? 'mention' : 'thread',
    text,
    files,
    tags: taggedPeople(spokenText(authorsWords(text)), identity.botUser),
  };
}

/**
 * Whether a message ends the work of its thread. `stop` does so in every reply, also without a mention. People say `restart` to each other
 * as well, so a reply without a mention has to say `!restart`.
 */
function isStop(text: string, isCalled: boolean, isReply: boolean, { botUser }: SlackIdentity): boolean {
  const command = commandOf(text, botUser);
  if (command === 'stop') return isCalled || isReply;
  return command === 'restart' && (isCalled || (isReply && isMarked(text, botUser)));
}

function incomingStop(body: Record<string, unknown>, identity: SlackIdentity): Arrival | null {
  const action = Array.isArray(body.actions) ? (body.actions as unknown[])[0] : null;
  const text = isRecord(action) ? WORDS.get(action.action_id) : undefined;
  if (!isRecord(action) || text === undefined) return null;
  const channel = isRecord(body.channel) ? body.channel.id : null;
  const author = isRecord(body.user) ? body.user.id : null;
  const { value, action_ts: ts } = action;
  if (typeof channel !== 'string' || typeof author !== 'string' || !isTs(ts)) return null;
  const thread = threadIn(value);
  // A button stops the thread it stands in and no other.
  if (!thread || thread.team !== identity.team || thread.channel !== channel) return null;
  return {
    keep: 'always',
    entry: {
      eventId: `action:${channel}:${author}:${ts}`,
      kind: 'stop',
      ...thread,
      ts,
      author,
      authorClass: 'unknown',
      address: 'button',
      text,
      files: [],
    },
  };
}

function threadIn(value: unknown): ReturnType<typeof threadOf> | null {
  if (typeof value !== 'string' || !value.startsWith('slack:')) return null;
  try {
    return threadOf(value as `slack:${string}:${string}:${string}`);
  } catch {
    return null;
  }
}

/** What its author attached, and then what is attached to the messages that they forward. */
function filesOf({ files, attachments }: MessageEvent): InboxFile[] {
  const forwarded = records(attachments).filter(isForwarded);
  const found = [files, ...forwarded.map((each) => each.files)].flatMap(records).flatMap((file) => fileOf(file) ?? []);
  return [...new Map(found.map((file) => [file.id, file])).values()];
}

function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
