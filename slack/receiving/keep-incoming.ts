import type { Queryable } from '../../store/database.ts';
import { keepEntry, keepThreadEntry } from '../../store/inbox.ts';
import type { SlackIdentity } from '../api/identity.ts';
import { type Incoming, incomingOf } from './incoming.ts';

/** Stores what an event of Slack is to us. True when there is a new row to deliver. */
export async function keepIncoming(db: Queryable, identity: SlackIdentity, body: unknown): Promise<boolean> {
  const incoming = incomingOf(body, identity);
  return incoming !== null && (await keep(db, incoming));
}

/** False when the same message is there already, or nobody listens in its thread. */
export async function keep(db: Queryable, { keep, entry }: Incoming): Promise<boolean> {
  return (await (keep === 'always' ? keepEntry : keepThreadEntry)(db, entry)) !== null;
}
