import type { Database } from '../../store/database.ts';
import { type DeletedMessage, noteDeleted } from '../../store/deletions.ts';
import { type Fields, fieldsOf } from '../api/fields.ts';
import type { SlackIdentity } from '../api/identity.ts';

/**
 * Keeps that a message was deleted in Slack, before the event is acknowledged. Events of all other kinds are passed over without a look at the
 * database. True when there is something to deliver.
 *
 * @throws while the database is away
 */
export async function noteDeletion(database: Database, { team }: SlackIdentity, body: unknown): Promise<boolean> {
  const deleted = deletedIn(fieldsOf(fieldsOf(body).event));
  return deleted !== null && (await noteDeleted(database, { team, ...deleted }));
}

/** The first message of a thread with replies leaves a tombstone; every other one is gone (docs.slack.dev, message events). */
function deletedIn({ type, subtype, channel, deleted_ts, message }: Fields): Omit<DeletedMessage, 'team'> | null {
  if (type !== 'message' || typeof channel !== 'string') return null;
  const left = fieldsOf(message);
  const isTombstone = subtype === 'message_changed' && left.subtype === 'tombstone';
  const ts = subtype === 'message_deleted' ? deleted_ts : isTombstone ? left.ts : null;
  return typeof ts === 'string' ? { channel, ts } : null;
}
