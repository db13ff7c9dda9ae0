import type { Queryable } from './database.ts';
import type { RunnerPart } from './runners.ts';

/** How many rows wait, and how long the oldest one has waited. Zero seconds when none waits. */
export interface Waiting {
  readonly waiting: number;
  readonly oldestSeconds: number;
}

const NONE: Waiting = { waiting: 0, oldestSeconds: 0 };
const counted = (since: string) =>
  `count(*)::int as waiting, coalesce(extract(epoch from now() - min(${since})), 0)::float8 as "oldestSeconds"`;

/** Messages from Slack that are not with their session yet. */
export async function inboxWaiting(db: Queryable): Promise<Waiting> {
  const { rows } = await db.query<Waiting>(
    `select ${counted('received_at')} from inbox where delivered_at is null and state in ('received', 'delivered')`,
  );
  return rows[0] ?? NONE;
}

export interface SlackTokens {
  readonly method: string;
  /** In the emptiest bucket of this method that was used in the last minute. */
  readonly fewest: number;
  /** How long Slack still refuses calls of this method. */
  readonly blockedSeconds: number;
}

/** What is left of Slack's rate limits, by method. */
export async function slackTokens(db: Queryable): Promise<readonly SlackTokens[]> {
  const { rows } = await db.query<SlackTokens>(
    `select method, min(tokens) as fewest,
            coalesce(greatest(max(extract(epoch from blocked_until - now())), 0), 0)::float8 as "blockedSeconds"
     from rate_bucket where refilled_at > now() - interval '1 minute' or blocked_until > now() group by method`,
  );
  return rows;
}

/** Turns under way. */
export async function turnsRunning(db: Queryable): Promise<Waiting> {
  const { rows } = await db.query<Waiting>(`select ${counted('started_at')} from turn where state = 'running'`);
  return rows[0] ?? NONE;
}

/** Turns under way that wait for a place for their sandbox. */
export async function placesWaiting(db: Queryable): Promise<Waiting> {
  const { rows } = await db.query<Waiting>(`select ${counted('asked_at')} from place_request where granted_at is null`);
  return rows[0] ?? NONE;
}

export interface RunnerSilence {
  readonly runner: string;
  readonly capacity: number;
  readonly draining: boolean;
  /** What it lacks to run a sandbox; empty when it is ready. */
  readonly lacks: readonly RunnerPart[];
  readonly silentSeconds: number;
}

/** Runners that have beaten within a day. A runner that is silent for longer is taken as gone for good. */
export async function runnerSilences(db: Queryable): Promise<readonly RunnerSilence[]> {
  const { rows } = await db.query<RunnerSilence>(
    `select id as runner, capacity, draining, lacks,
            extract(epoch from now() - beat_at)::float8 as "silentSeconds"
     from runner where beat_at > now() - interval '1 day'`,
  );
  return rows;
}

/** The sandboxes of one runner by state, from their rows. */
export async function sandboxStates(
  db: Queryable,
  runner: string,
): Promise<readonly { readonly state: string; readonly count: number }[]> {
  const { rows } = await db.query<{ state: string; count: number }>(
    "select state, count(*)::int as count from sandbox where runner = $1 and state <> 'removed' group by state",
    [runner],
  );
  return rows;
}
