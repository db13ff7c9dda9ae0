import type { SessionState } from '../contracts/search-attributes.ts';
import type { Queryable } from './database.ts';
import { placesOverview } from './places.ts';
import type { RunnerPart, RunnerTools } from './runners.ts';

/** A thread that the agent works in, or has worked in lately. */
export interface ThreadOverview {
  readonly session: string;
  /** `#ops`, `direct message`, `group message`, or the channel's id when nothing else is known. */
  readonly place: string;
  readonly permalink: string | null;
  readonly state: SessionState;
  /** The newest turn. */
  readonly turn: number | null;
  readonly turnState: string | null;
  /** Why it failed: a type of contracts/failures.ts. */
  readonly failure: string | null;
  readonly requester: string | null;
  /** Everybody else whose words for the agent the turn has read. */
  readonly steeredBy: readonly string[];
  readonly startedAt: Date | null;
  readonly steps: number;
}

export interface RunnerOverview {
  readonly id: string;
  readonly runtime: string;
  readonly capacity: number;
  readonly sandboxes: number;
  /** Turns that hold a place there. All other sandboxes rest. */
  readonly working: number;
  /** The parts it lacks to run a sandbox. Empty when it is ready. */
  readonly lacks: readonly RunnerPart[];
  readonly draining: boolean;
  /** How much the sandboxes have that it makes now. */
  readonly tools: RunnerTools;
  /** Seconds since its last beat. */
  readonly silentFor: number;
}

/** What waits on one side of Slack. */
export interface QueueOverview {
  readonly waiting: number;
  /** Seconds; null when nothing waits. */
  readonly oldestFor: number | null;
  /** Given up in the last 24 hours. */
  readonly failed: number;
}

export interface Overview {
  readonly threads: readonly ThreadOverview[];
  readonly runners: readonly RunnerOverview[];
  /** Turns that wait for a place for their sandbox. */
  readonly places: Omit<QueueOverview, 'failed'>;
  /** Messages from Slack that are not yet with their session. */
  readonly inbox: QueueOverview;
  /** Messages for Slack that are not yet there. */
  readonly outbox: QueueOverview;
}

/** The state of the installation. It reads only PostgreSQL, so it works while Temporal is away. */
export async function overview(db: Queryable, { threads = 20 } = {}): Promise<Overview> {
  return {
    threads: await latestThreads(db, threads),
    runners: await allRunners(db),
    places: await placesQueue(db),
    inbox: await inboxQueue(db),
    outbox: await outboxQueue(db),
  };
}

/** Threads with a running turn first, then the most recent ones. */
async function latestThreads(db: Queryable, limit: number): Promise<ThreadOverview[]> {
  const { rows } = await db.query<ThreadOverview>(
    `with shown as (
       select session.id, max(running) as running, max(session.changed_at) as changed_at
       from session join (
         select session, 1 as running from turn where state = 'running'
         union all
         (select id, 0 from session where state <> 'closed' order by changed_at desc limit $1)
       ) candidate on candidate.session = session.id
       where session.state <> 'closed'
       group by session.id order by 2 desc, 3 desc limit $1)
     select session.id as session, session.permalink, session.state,
            case when session.scope like 'person:%' then 'direct message'
                 when session.scope like 'group-dm:%' then 'group message'
                 else coalesce('#' || nullif(channel.name, ''), session.channel) end as place,
            turn.number as turn, turn.state as "turnState", turn.failure, coalesce(person.name, turn.requester) as requester,
            array(select coalesce(who.name, said.by) from unnest(turn.steered_by) with ordinality said (by, nth)
                  left join person who on who.team = session.team and who.id = said.by
                  where said.by <> turn.requester order by nth) as "steeredBy",
            turn.started_at as "startedAt",
            (select count(*)::int from step where step.session = session.id and step.turn = turn.number) as steps
     from shown join session on session.id = shown.id
     left join lateral (select * from turn where turn.session = session.id order by number desc limit 1) turn on true
     left join channel on channel.team = session.team and channel.id = session.channel
     left join person on person.team = session.team and person.id = turn.requester
     order by shown.running desc, shown.changed_at desc`,
    [limit],
  );
  return rows;
}

/** All runners, also silent ones. The one that beat last comes first. */
export async function allRunners(db: Queryable): Promise<RunnerOverview[]> {
  const { rows } = await db.query<RunnerOverview>(
    `select runner.id, runtime, capacity, lacks, draining, tools,
            extract(epoch from now() - beat_at)::int as "silentFor",
            (select count(*)::int from sandbox where sandbox.runner = runner.id and sandbox.state <> 'removed') as sandboxes,
            (select count(*)::int from sandbox where sandbox.runner = runner.id and working_turn is not null) as working
     from runner order by beat_at desc`,
  );
  return rows;
}

async function placesQueue(db: Queryable): Promise<Overview['places']> {
  const { waiting, oldestFor } = await placesOverview(db);
  return { waiting, oldestFor };
}

async function inboxQueue(db: Queryable): Promise<QueueOverview> {
  const { rows } = await db.query<QueueOverview>(
    `select count(*)::int as waiting, extract(epoch from now() - min(received_at))::int as "oldestFor", 0 as failed
     from inbox where delivered_at is null and state in ('received', 'delivered')`,
  );
  return rows[0] ?? NOTHING;
}

async function outboxQueue(db: Queryable): Promise<QueueOverview> {
  const { rows } = await db.query<QueueOverview>(
    `select count(*)::int as waiting, extract(epoch from now() - min(created_at))::int as "oldestFor",
            (select count(*)::int from outbox
             where failed not in ('expired', 'thread_gone') and sent_revision < revision and created_at > now() - interval '24 hours') as failed
     from outbox where sent_revision < revision and failed is null and kind <> 'status'`,
  );
  return rows[0] ?? NOTHING;
}

const NOTHING: QueueOverview = { waiting: 0, oldestFor: null, failed: 0 };
