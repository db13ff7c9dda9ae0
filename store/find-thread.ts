import { type SessionId, sessionIdOf } from '../contracts/ids.ts';
import type { SessionState } from '../contracts/search-attributes.ts';
import type { Queryable } from './database.ts';
import { heldBackIn } from './held-back.ts';
import type { InboxState } from './inbox.ts';
import { type ModelUse, modelUse } from './model-usage.ts';

/** What happened to a message that came in. */
export interface FoundMessage {
  readonly state: InboxState;
  readonly author: string;
  readonly attempts: number;
  readonly receivedAt: Date;
  /** When Temporal accepted its signal. */
  readonly deliveredAt: Date | null;
  /** The turn that read it. */
  readonly turn: number | null;
}

export interface FoundTurn {
  readonly number: number;
  readonly state: string;
  readonly failure: string | null;
  readonly requester: string;
  /** Everybody else whose words for the agent it has read. */
  readonly steeredBy: readonly string[];
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly steps: number;
  /** Counted when the turn has ended; its egress events have them at once. */
  readonly injected: number;
  readonly forwarded: number;
  readonly blocked: number;
  /** Of each model that has answered in it: tokens, and what they have cost where the price is known. */
  readonly models: readonly Omit<ModelUse, 'turn'>[];
}

/** A Slack thread, with what is stored about the work in it. */
export interface FoundThread {
  readonly session: SessionId;
  /** Null for a message of Bellhop itself, and for one that Bellhop has never seen. */
  readonly message: FoundMessage | null;
  /** Null when no message of the thread was ever accepted: it has no workflow. */
  readonly state: SessionState | null;
  /** Link to the thread in Slack. */
  readonly permalink: string | null;
  readonly scope: string | null;
  readonly principal: string | null;
  readonly sandbox: { readonly id: string; readonly runner: string; readonly state: string } | null;
  readonly turns: readonly FoundTurn[];
  /** What others did in a thread that works in a person's name, newest first. */
  readonly heldBack: readonly FoundHeldBack[];
}

export type FoundHeldBack = Awaited<ReturnType<typeof heldBackIn>>[number];

const HELD_BACK_SHOWN = 50;

/** What the command line's role may read of a message: everything but what it says. */
const SEEN = 'id, team, thread_ts, state, author, attempts, received_at, delivered_at, turn';
/** What came in at `$2` in channel `$1`. Messages and the few other entries have an index each. */
const MESSAGE_AT = `select ${SEEN} from inbox where kind = 'message' and ts = $2 and channel = $1
  union all select ${SEEN} from inbox where kind <> 'message' and ts = $2 and channel = $1`;

/** Finds the thread of a message, written by people or by Bellhop. Null when the message is unknown. */
export async function findThread(
  db: Queryable,
  { channel, ts, threadTs }: { readonly channel: string; readonly ts: string; readonly threadTs: string | null },
): Promise<FoundThread | null> {
  const { rows } = await db.query<{ team: string; threadTs: string }>(
    `select team, thread_ts as "threadTs" from (${MESSAGE_AT}) message
     union all
     select team, coalesce(thread_ts, slack_ts) from outbox where channel = $1 and slack_ts = $2 and kind <> 'reaction'
     union all
     select team, thread_ts from session where channel = $1 and thread_ts = coalesce($3, $2)
     limit 1`,
    [channel, ts, threadTs],
  );
  const place = rows[0];
  if (!place) return null;
  const session = sessionIdOf({ team: place.team, channel, threadTs: place.threadTs });
  const [message, known, turns, heldBack] = await Promise.all([
    messageAt(db, channel, ts),
    sessionWithSandbox(db, session),
    turnsOf(db, session),
    heldBackIn(db, session, HELD_BACK_SHOWN),
  ]);
  return { session, message, ...known, turns, heldBack };
}

async function messageAt(db: Queryable, channel: string, ts: string): Promise<FoundMessage | null> {
  const { rows } = await db.query<FoundMessage>(
    `select state, author, attempts, received_at as "receivedAt", delivered_at as "deliveredAt", turn
     from (${MESSAGE_AT}) message order by id limit 1`,
    [channel, ts],
  );
  return rows[0] ?? null;
}

async function sessionWithSandbox(
  db: Queryable,
  session: SessionId,
): Promise<Pick<FoundThread, 'state' | 'permalink' | 'scope' | 'principal' | 'sandbox'>> {
  const { rows } = await db.query<Pick<FoundThread, 'state' | 'permalink' | 'scope' | 'principal' | 'sandbox'>>(
    `select s.state, s.permalink, s.scope, s.principal,
            case when b.id is not null then json_build_object('id', b.id, 'runner', b.runner, 'state', b.state) end as sandbox
     from session s left join sandbox b on b.session = s.id where s.id = $1`,
    [session],
  );
  return rows[0] ?? { state: null, permalink: null, scope: null, principal: null, sandbox: null };
}

async function turnsOf(db: Queryable, session: SessionId): Promise<FoundTurn[]> {
  const uses = await modelUse(db, session, null);
  const { rows } = await db.query<Omit<FoundTurn, 'models'>>(
    `select t.number, t.state, t.failure, coalesce(p.name, t.requester) as requester,
            array(select coalesce(who.name, said.by) from unnest(t.steered_by) with ordinality said (by, nth)
                  left join person who on who.team = session.team and who.id = said.by
                  where said.by <> t.requester order by nth) as "steeredBy",
            t.started_at as "startedAt",
            t.ended_at as "endedAt", t.injected, t.forwarded, t.blocked,
            (select count(*)::int from step where step.session = t.session and step.turn = t.number) as steps
     from turn t
     join session on session.id = t.session
     left join person p on p.team = session.team and p.id = t.requester
     where t.session = $1 order by t.number`,
    [session],
  );
  return rows.map((row) => ({
    ...row,
    models: uses.flatMap(({ turn, ...use }) => (turn === row.number ? [use] : [])),
  }));
}
