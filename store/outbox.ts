import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import { storableJson } from './storable.ts';

/** What a thread shows while the agent works. */
export interface WorkingBody {
  readonly kind: 'working';
  readonly step: number;
  /** What is being done now, in a few words: `running a command`. */
  readonly what: string;
  /** ISO 8601: when the turn began. */
  readonly since: string;
  /** What the agent has said so far, as markdown. */
  readonly text?: string;
}

/** The agent's answer, as markdown. */
export interface AnswerBody {
  readonly kind: 'answer';
  readonly text: string;
  /** Bellhop's own words under it, as mrkdwn: a mention in them is one. Never holds words of the model. */
  readonly lastWord?: string;
  /** One small line under it. */
  readonly footer?: string;
  /** Set by the sender where an answer takes several messages. The first is 1. */
  readonly part?: number;
}

/** Plain words of Bellhop itself. */
export interface NoticeBody {
  readonly kind: 'notice';
  readonly text: string;
}

export type MessageBody = WorkingBody | AnswerBody | NoticeBody;

export interface ReactionBody {
  readonly ts: string;
  readonly name: string;
}

export interface StatusBody {
  readonly status: string;
}

export interface FileBody {
  /** A row of table `file`. */
  readonly fileId: string;
  readonly name: string;
  readonly comment?: string;
}

export interface EphemeralBody {
  readonly user: string;
  readonly text: string;
}

/** Where something is to be seen, and the key of the one logical thing it is, however often it is written. */
export interface Target {
  readonly key: string;
  readonly team: string;
  readonly channel: string;
  /** Null opens a thread of its own. */
  readonly threadTs: string | null;
  readonly session?: SessionId | null;
}

export interface NewMessage extends Target {
  readonly body: MessageBody;
  /** Nothing overwrites a final message. */
  readonly final: boolean;
}

/**
 * Says what a message is to look like from now on: the first call makes it, later ones change it. Calls after a
 * final one change nothing. True when this call made the row.
 */
export async function putMessage(db: Queryable, message: NewMessage): Promise<boolean> {
  const { rows } = await db.query<{ made: boolean }>(
    `with put as (
       insert into outbox (key, kind, team, channel, thread_ts, session, body, final)
       values ($1, 'message', $2, $3, $4, $5, $6, $7)
       on conflict (key) do update
       set body = excluded.body, final = excluded.final, revision = outbox.revision + 1, failed = null,
           not_before = case when excluded.final then now() else outbox.not_before end
       where not outbox.final and (outbox.body <> excluded.body or excluded.final)
       returning id, xmax = 0 as made)
     select made, pg_notify('bellhop_outbox', id::text) from put`,
    [
      message.key,
      message.team,
      message.channel,
      message.threadTs,
      message.session ?? null,
      storableJson(message.body),
      message.final,
    ],
  );
  return rows[0]?.made ?? false;
}

/** A reaction on a message. Made once; adding it twice is the same. */
export async function putReaction(db: Queryable, target: Target & { body: ReactionBody }): Promise<void> {
  await putOnce(db, 'reaction', target, target.body);
}

/** Slack's own status line of a thread. Tried at most once; Slack clears it when something is posted. */
export async function putStatus(db: Queryable, target: Target & { body: StatusBody }): Promise<void> {
  await putOnce(db, 'status', target, target.body);
}

/** A file for the thread. Its bytes are a row of table `file`. */
export async function putFile(db: Queryable, target: Target & { body: FileBody }): Promise<void> {
  await putOnce(db, 'file', target, target.body);
}

/** Seen by one person only. Tried at most once: there is no way to look whether it arrived. */
export async function putEphemeral(db: Queryable, target: Target & { body: EphemeralBody }): Promise<void> {
  await putOnce(db, 'ephemeral', target, target.body);
}

async function putOnce(db: Queryable, kind: string, target: Target, body: object): Promise<void> {
  await db.query(
    `with put as (
       insert into outbox (key, kind, team, channel, thread_ts, session, body, final)
       values ($1, $2, $3, $4, $5, $6, $7, true) on conflict (key) do nothing returning id)
     select pg_notify('bellhop_outbox', id::text) from put`,
    [target.key, kind, target.team, target.channel, target.threadTs, target.session ?? null, storableJson(body)],
  );
}

/** When the agent last said something whole in a thread; null when it has not. */
export async function lastAnswerAt(
  db: Queryable,
  team: string,
  channel: string,
  threadTs: string,
): Promise<Date | null> {
  const { rows } = await db.query<{ at: Date | null }>(
    `select max(sent_at) as at from outbox where team = $1 and channel = $2 and thread_ts = $3
       and kind = 'message' and final and slack_ts is not null and body ->> 'kind' = 'answer'`,
    [team, channel, threadTs],
  );
  return rows[0]?.at ?? null;
}

/** Whether a status line would stay: something has been posted in the thread since, or a live line is there, whose end is no post. */
export async function statusWouldLinger(db: Queryable, place: Omit<Target, 'key'>, since: Date): Promise<boolean> {
  const { rowCount } = await db.query(
    `select 1 from outbox where team = $1 and channel = $2 and thread_ts = $3 and kind = 'message'
       and (sent_at >= $4 or (slack_ts is not null and body ->> 'kind' = 'working'))
     limit 1`,
    [place.team, place.channel, place.threadTs, since],
  );
  return rowCount === 1;
}
