import type { SessionId } from '../contracts/ids.ts';
import type { SessionState } from '../contracts/search-attributes.ts';
import type { Queryable } from './database.ts';

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
  /** The step under way or, between steps, the last one. */
  readonly step: { readonly number: number; readonly kind: 'model' | 'tool'; readonly tool: string | null } | null;
  /** Messages that no turn has read yet. */
  readonly waiting: number;
  /** The model that people have chosen for this thread. Null: the usual one answers. */
  readonly model: string | null;
  /** Whether only mentions are heard. */
  readonly muted: boolean;
}

interface Row extends Pick<ThreadStatus, 'state' | 'waiting' | 'muted' | 'model'> {
  readonly turn: number | null;
  readonly requester: string;
  readonly steeredBy: string[];
  readonly startedAt: Date;
  readonly step: number | null;
  readonly kind: 'model' | 'tool';
  readonly tool: string | null;
}

/** Null when the thread has no session. */
export async function threadStatus(db: Queryable, id: SessionId): Promise<ThreadStatus | null> {
  const { rows } = await db.query<Row>(
    `select session.state, turn.number as turn, coalesce((select name from person where team = session.team and person.id = turn.requester), turn.requester) as requester,
       array(select coalesce(p.name, said.by) from unnest(turn.steered_by) with ordinality said (by, nth)
             left join person p on p.team = session.team and p.id = said.by
             where said.by <> turn.requester order by nth) as "steeredBy",
       session.muted_by is not null as muted, turn.started_at as "startedAt", step.number as step,
       step.kind, step.tool, (select model from thread_model where thread_model.session = session.id) as model,
       (select count(*)::int from inbox where inbox.session = session.id and inbox.state = 'delivered'
          and inbox.turn is null and inbox.kind <> 'stop') as waiting
     from session
     left join turn on turn.session = session.id and turn.state = 'running'
     left join lateral (select number, kind, tool from step where step.session = session.id and step.turn = turn.number
                        order by number desc limit 1) step on true
     where session.id = $1`,
    [id],
  );
  if (!rows[0]) return null;
  const { state, waiting, muted, model, turn, requester, steeredBy, startedAt, step, kind, tool } = rows[0];
  return {
    state,
    turn: turn === null ? null : { number: turn, requester, steeredBy, startedAt },
    step: step === null ? null : { number: step, kind, tool },
    waiting,
    model,
    muted,
  };
}
