import type { SessionState } from '../contracts/search-attributes.ts';
import type { Queryable } from './database.ts';

/** What a session is doing, from PostgreSQL alone: it can be asked while Temporal is away. */
export interface ThreadStatus {
  readonly state: SessionState;
  /** The turn under way. */
  readonly turn: { readonly number: number; readonly requester: string; readonly startedAt: Date } | null;
  /** The step under way or, between steps, the last one. */
  readonly step: { readonly number: number; readonly kind: 'model' | 'tool'; readonly tool: string | null } | null;
  /** Messages that no turn has begun with or taken in. */
  readonly waiting: number;
}

interface Row {
  state: SessionState;
  turn: number | null;
  requester: string | null;
  started_at: Date | null;
  step: number | null;
  kind: 'model' | 'tool' | null;
  tool: string | null;
  waiting: number;
}

/** Null where the agent is not part of the thread. */
export async function threadStatus(
  db: Queryable,
  team: string,
  channel: string,
  threadTs: string,
): Promise<ThreadStatus | null> {
  const { rows } = await db.query<Row>(
    `select session.state, turn.number as turn, turn.requester, turn.started_at, step.number as step, step.kind, step.tool,
       (select count(*)::int from inbox where inbox.team = $1 and inbox.channel = $2 and inbox.thread_ts = $3
          and inbox.state = 'delivered' and inbox.turn is null and inbox.kind <> 'stop') as waiting
     from session
     left join turn on turn.session = session.id and turn.state = 'running'
     left join lateral (select number, kind, tool from step where step.session = session.id and step.turn = turn.number
                        order by number desc limit 1) step on true
     where session.team = $1 and session.channel = $2 and session.thread_ts = $3`,
    [team, channel, threadTs],
  );
  const row = rows[0];
  if (!row) return null;
  return {
    state: row.state,
    turn:
      row.turn !== null && row.started_at
        ? { number: row.turn, requester: row.requester ?? '', startedAt: row.started_at }
        : null,
    step: row.step !== null && row.kind ? { number: row.step, kind: row.kind, tool: row.tool } : null,
    waiting: row.waiting,
  };
}
