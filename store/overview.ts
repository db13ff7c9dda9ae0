import type { SessionState } from '../contracts/search-attributes.ts';
import type { Queryable } from './database.ts';

/** A thread that the agent works in, or has worked in lately. */
export interface ThreadOverview {
  readonly session: string;
  /** `#ops`, `direct message`, or the channel's id when nothing else is known. */
  readonly place: string;
  readonly permalink: string | null;
  readonly state: SessionState;
  /** The newest turn. */
  readonly turn: number | null;
  readonly turnState: string | null;
  /** Why it failed: a type of contracts/failures.ts. */
  readonly failure: string | null;
  readonly requester: string | null;
  readonly startedAt: Date | null;
  readonly steps: number;
}

export interface RunnerOverview {
  readonly id: string;
  readonly runtime: string;
  readonly capacity: number;
  readonly sandboxes: number;
  /** Turns under way there. */
  readonly working: number;
  readonly imageReady: boolean;
  readonly draining: boolean;
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
  /** Came from Slack and is not yet with its session. */
  readonly inbox: QueueOverview;
  /** Is to be said in Slack and is not yet there. */
  readonly outbox: QueueOverview;
}

/** How the installation is, from PostgreSQL alone: it answers also while Temporal is away. */
export async function overview(db: Queryable, { threads = 20 } = {}): Promise<Overview> {
  return {
    threads: await latestThreads(db, threads),
    runners: await allRunners(db),
    inbox: await inboxQueue(db),
    outbox: await outboxQueue(db),
  };
}

/** Those with a turn under way first, then the latest. */
async function latestThreads(db: Queryable, limit: number): Promise<ThreadOverview[]> {
  const { rows } = await db.query<ThreadOverview>(
    `select session.id as session, session.permalink, session.state,
            case when session.scope like 'person:%' then 'direct message'
                 else coalesce('#' || nullif(channel.name, ''), session.channel) end as place,
            turn.number as turn, turn.state as "turnState", turn.failure, coalesce(person.name, turn.requester) as requester,
            turn.started_at as "startedAt",
            (select count(*)::int from step where step.session = session.id and step.turn = turn.number) as steps
     from session
     left join lateral (select * from turn where turn.session = session.id order by number desc limit 1) turn on true
     left join channel on channel.team = session.team and channel.id = session.channel
     left join person on person.team = session.team and person.id = turn.requester
     where session.state <> 'closed'
     order by (turn.state = 'running') desc nulls last, session.changed_at desc limit $1`,
    [limit],
  );
  return rows;
}

/** Also those that have fallen silent, the latest first. */
export async function allRunners(db: Queryable): Promise<RunnerOverview[]> {
  const { rows } = await db.query<RunnerOverview>(
    `select runner.id, runtime, capacity, image_ready as "imageReady", draining,
            extract(epoch from now() - beat_at)::int as "silentFor",
            (select count(*)::int from sandbox where sandbox.runner = runner.id
               and sandbox.state in ('placed', 'running', 'paused')) as sandboxes,
            (select count(*)::int from sandbox join turn on turn.session = sandbox.session and turn.state = 'running'
             where sandbox.runner = runner.id) as working
     from runner order by beat_at desc`,
  );
  return rows;
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
    `select count(*) filter (where failed is null)::int as waiting,
            extract(epoch from now() - min(created_at) filter (where failed is null))::int as "oldestFor",
            count(*) filter (where failed is not null and created_at > now() - interval '24 hours')::int as failed
     from outbox where sent_revision < revision`,
  );
  return rows[0] ?? NOTHING;
}

const NOTHING: QueueOverview = { waiting: 0, oldestFor: null, failed: 0 };
