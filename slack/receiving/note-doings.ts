import type { Queryable } from '../../store/database.ts';
import { noteHeldBack, ownedThreadOf } from '../../store/held-back.ts';
import { type Fields, fieldsOf } from '../api/fields.ts';
import type { SlackIdentity } from '../api/identity.ts';

interface Doing {
  readonly kind: 'edit' | 'reaction';
  readonly actor: string;
  readonly channel: string;
  readonly ts: string;
}

/**
 * Keeps that somebody edited a message or reacted in a thread that works in another person's name. Neither ever causes anything. All other
 * events are passed over without a look at the database.
 *
 * @throws while the database is away
 */
export async function noteDoings(db: Queryable, { team, botUser }: SlackIdentity, body: unknown): Promise<void> {
  const doing = doingOf(fieldsOf(fieldsOf(body).event));
  if (!doing || doing.actor === botUser) return;
  const thread = await ownedThreadOf(db, { team, ...doing });
  if (!thread || thread.owner === doing.actor) return;
  await noteHeldBack(db, { ...thread, ...doing });
}

function doingOf(event: Fields): Doing | null {
  const { channel } = event;
  if (event.type === 'message' && event.subtype === 'message_changed') {
    const { user, ts, edited } = fieldsOf(event.message);
    const actor = fieldsOf(edited).user ?? user;
    if (typeof actor !== 'string' || typeof channel !== 'string' || typeof ts !== 'string') return null;
    return edited === undefined ? null : { kind: 'edit', actor, channel, ts };
  }
  if (event.type === 'reaction_added') {
    const item = fieldsOf(event.item);
    if (typeof event.user !== 'string' || typeof item.channel !== 'string' || typeof item.ts !== 'string') return null;
    return { kind: 'reaction', actor: event.user, channel: item.channel, ts: item.ts };
  }
  return null;
}
