import type { Queryable } from '../../store/database.ts';
import { keepEntry, keepThreadEntry } from '../../store/inbox.ts';
import type { SlackIdentity } from '../api/identity.ts';
import { type Incoming, incomingOf } from './incoming.ts';

/**
 * Stores what an event of Slack is to us. True when there is a new row to deliver.
 * @param earlier the storing of events that came before and are still under way
 */
export async function keepIncoming(
  db: Queryable,
  identity: SlackIdentity,
  body: unknown,
  earlier: readonly Promise<unknown>[] = [],
): Promise<boolean> {
  const incoming = incomingOf(body, identity);
  if (incoming === null) return false;
  if (await keep(db, incoming)) return true;
  if (incoming.keep === 'always' || earlier.length === 0) return false;
  // After a gap Slack sends a mention and what was said below it in one go: perhaps nobody listens there only so far.
  await Promise.allSettled(earlier);
  return keep(db, incoming);
}

/** False when the same message is there already, or nobody listens in its thread. */
export async function keep(db: Queryable, { keep, entry }: Incoming): Promise<boolean> {
  return (await (keep === 'always' ? keepEntry : keepThreadEntry)(db, entry)) !== null;
}
