/** What people did in threads that work in another person's name. It is kept, and causes nothing. */
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';

export type HeldBackKind = 'message' | 'file' | 'edit' | 'reaction' | 'press' | 'bot';

export interface HeldBack {
  readonly session: SessionId;
  readonly owner: string;
  readonly actor: string;
  readonly kind: HeldBackKind;
  /** Slack's `ts` of the message that it is about. */
  readonly ts: string;
}

/** Keeps it once, however often Slack tells it. */
export async function noteHeldBack(db: Queryable, { session, owner, actor, kind, ts }: HeldBack): Promise<void> {
  await db.query(
    `insert into held_back (session, owner, actor, kind, ts) values ($1, $2, $3, $4, $5)
     on conflict (session, actor, kind, ts) do nothing`,
    [session, owner, actor, kind, ts],
  );
}

/** Notes that the owner has confirmed a message, by its row of the inbox. */
export async function noteConfirmed(db: Queryable, session: SessionId, inboxId: string): Promise<void> {
  await db.query(
    `update held_back set confirmed = true from inbox
     where inbox.id = $2 and held_back.session = $1 and held_back.actor = inbox.author and held_back.ts = inbox.ts`,
    [session, inboxId],
  );
}

/** Whose thread a message is in, if it is anybody's: a message of a person, or one of the agent. */
export async function ownedThreadOf(
  db: Queryable,
  { team, channel, ts }: { readonly team: string; readonly channel: string; readonly ts: string },
): Promise<{ session: SessionId; owner: string } | null> {
  const { rows } = await db.query<{ session: SessionId; owner: string }>(
    `select id as session, owner from session where owner is not null and id in (
       select session from inbox where ts = $3 and channel = $2 and team = $1 and kind = 'message'
       union all select session from outbox where slack_ts = $3 and kind <> 'reaction' and channel = $2 and team = $1
       union all select slack_thread($1, $2, $3)) limit 1`,
    [team, channel, ts],
  );
  return rows[0] ?? null;
}

/** The newest of a thread, newest first. */
export async function heldBackIn(
  db: Queryable,
  session: SessionId,
  most: number,
): Promise<(Omit<HeldBack, 'session'> & { readonly at: Date; readonly confirmed: boolean })[]> {
  const { rows } = await db.query<Omit<HeldBack, 'session'> & { at: Date; confirmed: boolean }>(
    `select owner, actor, kind, ts, confirmed, at from held_back where session = $1 order by at desc limit $2`,
    [session, most],
  );
  return rows;
}
