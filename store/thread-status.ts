import type { SessionId } from '../contracts/ids.ts';
import type { SessionState } from '../contracts/search-attributes.ts';
import type { Queryable } from './database.ts';
import type { WorkingBody } from './outbox.ts';

/** What a session is doing. It is read only from PostgreSQL, so it works while Temporal is away. */
export interface ThreadStatus {
  readonly state: SessionState;
  /** The turn under way. */
  readonly turn: {
    readonly number: number;
    /** The name of who has begun it. */
    readonly requester: string;
    /** The names of everybody else whose words for the agent it has read. */
    readonly steeredBy: readonly string[];
    readonly startedAt: Date;
  } | null;
  /** The turn's live line, as the thread shows it. Null: it has none yet, or it ends just now. */
  readonly working: WorkingBody | null;
  /** Messages that no turn has read yet, and the first of them. */
  readonly waiting: number;
  readonly waitingFirst: readonly { readonly by: string; readonly text: string }[];
  /** The model that people have chosen for this thread. Null: the usual one answers. */
  readonly model: string | null;
  /** Whether only mentions are heard. */
  readonly muted: boolean;
}

/** The most waiting messages that are told. */
const MOST_WAITING = 3;

interface Row extends Pick<ThreadStatus, 'state' | 'waiting' | 'waitingFirst' | 'muted' | 'model'> {
  readonly turn: number | null;
  readonly requester: string;
  readonly steeredBy: string[];
  readonly startedAt: Date;
  readonly working: WorkingBody | null;
}

/** Null when the thread has no session. */
export async function threadStatus(db: Queryable, id: SessionId): Promise<ThreadStatus | null> {
  const { rows } = await db.query<Row>(
    `select session.state, turn.number as turn, coalesce((select name from person where team = session.team and person.id = turn.requester), turn.requester) as requester,
       array(select coalesce(p.name, said.by) from unnest(turn.steered_by) with ordinality said (by, nth)
             left join person p on p.team = session.team and p.id = said.by
             where said.by <> turn.requester order by nth) as "steeredBy",
       session.muted_by is not null as muted, turn.started_at as "startedAt",
       line.body as working, (select model from thread_model where thread_model.session = session.id) as model,
       (select count(*)::int from inbox where inbox.session = session.id and inbox.state = 'delivered'
          and inbox.turn is null and inbox.kind <> 'stop') as waiting,
       coalesce((select jsonb_agg(jsonb_build_object('by', coalesce(p.name, first.author), 'text', first.text) order by first.id)
         from (select id, author, text, team from inbox where inbox.session = session.id and inbox.state = 'delivered'
           and inbox.turn is null and inbox.kind <> 'stop' order by id limit $2) first
         left join person p on p.team = first.team and p.id = first.author), '[]') as "waitingFirst"
     from session
     left join turn on turn.session = session.id and turn.state = 'running'
     left join outbox line on line.key = session.id || '/' || turn.number || '/working' and line.body ->> 'kind' = 'working'
     where session.id = $1`,
    [id, MOST_WAITING],
  );
  if (!rows[0]) return null;
  const { state, waiting, waitingFirst, muted, model, turn, requester, steeredBy, startedAt, working } = rows[0];
  return {
    state,
    turn: turn === null ? null : { number: turn, requester, steeredBy, startedAt },
    working,
    waiting,
    waitingFirst,
    model,
    muted,
  };
}
