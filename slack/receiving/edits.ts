import type { InboxEntry } from '../../store/inbox.ts';
import { type Fields, fieldsOf } from '../api/fields.ts';
import type { SlackIdentity } from '../api/identity.ts';
import { isTs, SUBTYPES } from './message-event.ts';
import { messageText } from './message-text.ts';
import { removeTokens } from './remove-tokens.ts';

/**
 * That a person has changed what they wrote, as an entry of the inbox with both texts; null for every other event. Slack sends the same event
 * when it adds the preview of a link, and apps edit what they post all the time. Neither says anything new.
 */
export function editOf(event: Fields, { team, botUser }: SlackIdentity): InboxEntry | null {
  if (event.type !== 'message' || event.subtype !== 'message_changed') return null;
  const { channel } = event;
  const [message, previous] = [fieldsOf(event.message), fieldsOf(event.previous_message)];
  const { ts, user, subtype, bot_id: bot } = message;
  const [edited, before] = [fieldsOf(message.edited), fieldsOf(previous.edited)];
  const author = edited.user ?? user;
  if (typeof channel !== 'string' || !isTs(ts) || !isTs(edited.ts) || typeof author !== 'string') return null;
  if (edited.ts === before.ts || bot !== undefined || author === botUser || !SUBTYPES.has(subtype)) return null;
  const [text, textBefore] = [removeTokens(messageText(message)), removeTokens(messageText(previous))];
  if (text === textBefore) return null;
  return {
    eventId: `edit:${team}:${channel}:${ts}:${edited.ts}`,
    kind: 'edit',
    team,
    channel,
    threadTs: isTs(message.thread_ts) ? message.thread_ts : ts,
    ts: edited.ts,
    author,
    authorClass: 'unknown',
    address: event.channel_type === 'im' || channel.startsWith('D') ? 'dm' : 'thread',
    text,
    files: [],
    edits: ts,
    before: textBefore,
  };
}
