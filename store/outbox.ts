import type { SessionId } from '../contracts/ids.ts';
import type { PlanItem } from '../contracts/plan.ts';
import type { Choice } from '../contracts/questions.ts';
import type { Queryable } from './database.ts';
import { storableJson } from './storable.ts';

/** What a thread shows while the agent works. */
export interface WorkingBody {
  readonly kind: 'working';
  readonly step: number;
  /** A few words for the present action: `running a command`. */
  readonly what: string;
  /** ISO 8601: when the turn began. */
  readonly since: string;
  /** ISO 8601: when the step under way began. Absent: it waits. */
  readonly begun?: string;
  /** How often the same words were written again, because the age that Slack shows stands still. Absent: never. */
  readonly renewal?: number;
  /** What the agent has said so far, as markdown. */
  readonly text?: string;
  /** They are the first words of a model's answer, and do not wait for the pause between two edits. */
  readonly first?: true;
  /** What the agent means to do. Absent: it has said nothing. */
  readonly plan?: readonly PlanItem[];
}

/** The agent's answer, as markdown. */
export interface AnswerBody {
  readonly kind: 'answer';
  readonly text: string;
  /**
   * Bellhop's own words under the answer, as mrkdwn, so that a mention in them works. Never holds words of the model.
   */
  readonly lastWord?: string;
  /** A small line under the answer. */
  readonly footer?: string;
  /** Set by the sender when an answer needs several messages. The first is 1. */
  readonly part?: number;
  /** Where it was asked for, when it is posted in another place. That thread is told when Slack refuses it. */
  readonly elsewhere?: {
    readonly about: SessionId;
    /** The place it is posted in, such as `#general`. */
    readonly place: string;
  };
  /** Set by the sender: the whole text is a file of the thread, and `text` is its beginning. */
  readonly inFile?: true;
}

/** A button under a notice. The gateway knows its action. */
export interface MessageButton {
  readonly action: string;
  readonly value: string;
  readonly text: string;
}

/** A plain text of Bellhop itself. */
export interface NoticeBody {
  readonly kind: 'notice';
  readonly text: string;
  readonly buttons?: readonly MessageButton[];
  /** The thread that it is about, when it is posted somewhere else. */
  readonly about?: SessionId;
  /** The tool call that was to delete the message that this takes the place of. */
  readonly by?: string;
  /** Whose command it answers. They are told when Slack refuses it. Absent: who has asked last in the thread. */
  readonly for?: string;
}

/** A question with its buttons. When it is closed, a notice takes its place. */
export interface QuestionBody {
  readonly kind: 'question';
  /** The row of table `question`. */
  readonly question: string;
  readonly text: string;
  readonly choices: readonly Choice[];
}

/** A message that is taken out of the thread again: a live line whose turn has ended, a wait that is over. */
export interface GoneBody {
  readonly kind: 'gone';
  /** What stands in its place where Slack lets nobody delete. Absent: that the work has ended. */
  readonly words?: string;
  /** The tool call that has removed it, because a person asked for it. */
  readonly by?: string;
}

/** What a model writes, while Slack shows it growing (streams.ts). It becomes the answer, or is taken out. */
export interface StreamBody {
  readonly kind: 'stream';
  /** The model call that writes it. */
  readonly step: number;
  /** All of it so far, as markdown. */
  readonly text: string;
  /** They are the first words of a model's answer, and do not wait for the pause between two edits. */
  readonly first?: true;
}

/** A message that people see. */
export type ShownBody = WorkingBody | AnswerBody | NoticeBody | QuestionBody;
export type MessageBody = ShownBody | StreamBody | GoneBody;

export interface ReactionBody {
  readonly ts: string;
  readonly name: string;
  /** Takes the reaction back instead of adding it. */
  readonly remove?: true;
}

export interface StatusBody {
  /** Empty ends the line. */
  readonly status: string;
  /** The turn that it tells of (working-status.ts). Absent: an acknowledgement. */
  readonly turn?: number;
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
  readonly buttons?: readonly MessageButton[];
  /** A question that only this person sees. */
  readonly question?: QuestionBody;
  /** It asks for something by its buttons, which work there only. So it is told in no other place where Slack refuses it. */
  readonly onlyThere?: true;
}

/** Where a message appears, and its key. Writes with the same key are the same message. */
export interface Target {
  readonly key: string;
  readonly team: string;
  readonly channel: string;
  /** Null opens a thread of its own. */
  readonly threadTs: string | null;
}

export interface NewMessage extends Target {
  readonly body: ShownBody;
  /** Nothing overwrites a final message. */
  readonly final: boolean;
}

/**
 * Sets how a message looks from now on. The first call makes the message, later calls change it. Calls after a final
 * one change nothing, and neither does a live line of an earlier step. True when this call made the row.
 *
 * A final message and the first words of an answer wait for no pause but one: that before an unsure post is looked for.
 * 1. Slack takes a post late, after the sender has given it up.
 * 2. A look that comes too early does not find it, and the message is posted again.
 * Therefore the first one would stay in the thread for good.
 */
export async function putMessage(db: Queryable, message: NewMessage): Promise<boolean> {
  const { rows } = await db.query<{ made: boolean }>(
    `insert into outbox (key, kind, team, channel, thread_ts, body, final)
     values ($1, 'message', $2, $3, $4, $5, $6)
     on conflict (key) do update
     set body = excluded.body, final = excluded.final, revision = outbox.revision + 1, failed = null,
         plain = false, queued = false,
         not_before = case when (excluded.final or excluded.body ? 'first') and not outbox.unsure then now()
                           else outbox.not_before end
     where not outbox.final and (outbox.body <> excluded.body or excluded.final)
       and (excluded.final or coalesce((outbox.body->>'step')::int <= (excluded.body->>'step')::int, true))
     returning xmax = 0 as made`,
    [message.key, message.team, message.channel, message.threadTs, storableJson(message.body), message.final],
  );
  if (rows.length > 0) db.wake('bellhop_outbox');
  return rows[0]?.made ?? false;
}

/** Shows a final message differently from now on: a card gives way to the line that says what came of it. */
export async function replaceMessage(db: Queryable, key: string, body: NoticeBody | AnswerBody): Promise<void> {
  const { rowCount } = await db.query(
    `update outbox set body = $2, revision = revision + 1, failed = null, plain = false, queued = false,
       not_before = case when unsure then not_before else now() end
     where key = $1 and kind = 'message'`,
    [key, storableJson(body)],
  );
  if (rowCount === 1) db.wake('bellhop_outbox');
}

/** What makes a row one that is taken out of its thread. One that Slack does not show, and that no sender has in hand, is done with it. */
export const TAKEN_OUT = `final = true, revision = outbox.revision + 1, failed = null, plain = false, queued = false,
  sent_revision = case when outbox.slack_ts is null and not outbox.unsure and outbox.claim is null
                       then outbox.revision + 1 else outbox.sent_revision end,
  not_before = case when outbox.unsure then outbox.not_before else now() end`;

/**
 * Takes a message out of its thread. One that Slack does not show, and that no sender has in hand, is done with this.
 * Where there is no row yet, one is made: a late write with the same key finds it, and changes nothing.
 */
export async function retireMessage(db: Queryable, target: Target, words?: string): Promise<void> {
  const body: GoneBody = { kind: 'gone', ...(words && { words }) };
  await db.query(
    `insert into outbox (key, kind, team, channel, thread_ts, body, final, sent_revision)
     values ($1, 'message', $2, $3, $4, $5, true, 1)
     on conflict (key) do update
     set body = excluded.body, ${TAKEN_OUT}
     where not outbox.final`,
    [target.key, target.team, target.channel, target.threadTs, storableJson(body)],
  );
  db.wake('bellhop_outbox');
}

/**
 * How long a reaction may wait for Slack's rate limit. It says "I have seen this". After two minutes a live line or an
 * answer says more, and a late reaction would only take the place of a fresh one.
 */
export const REACTION_LIFE_MS = 120_000;
/** How long a status line may wait. A later one would only contradict what the thread shows by then. */
export const STATUS_LIFE_MS = 15_000;

/**
 * A reaction on a message. Made once; adding it twice is the same.
 * @param lifeMs it is dropped when Slack's limits hold it up for longer. Longer where it is the only sign a person
 * gets.
 */
export async function putReaction(
  db: Queryable,
  target: Target & { body: ReactionBody },
  lifeMs = REACTION_LIFE_MS,
): Promise<void> {
  await putOnce(db, 'reaction', target, target.body, lifeMs);
}

/** Slack's own status line of a thread, once. The line of a turn is kept up to date by working-status.ts. */
export async function putStatus(db: Queryable, target: Target & { body: StatusBody }): Promise<void> {
  await putOnce(db, 'status', target, target.body, STATUS_LIFE_MS);
}

/** A file for the thread. Its bytes are a row of table `file`. */
export async function putFile(db: Queryable, target: Target & { body: FileBody }): Promise<void> {
  await putOnce(db, 'file', target, target.body);
}

/** Seen by one person only. Tried at most once: there is no way to look whether it arrived. */
export async function putEphemeral(db: Queryable, target: Target & { body: EphemeralBody }): Promise<void> {
  await putOnce(db, 'ephemeral', target, target.body);
}

async function putOnce(db: Queryable, kind: string, target: Target, body: object, lifeMs?: number): Promise<void> {
  const { rowCount } = await db.query(
    `insert into outbox (key, kind, team, channel, thread_ts, body, final, expires_at)
     values ($1, $2, $3, $4, $5, $6, true, now() + $7 * interval '1 millisecond') on conflict (key) do nothing`,
    [target.key, kind, target.team, target.channel, target.threadTs, storableJson(body), lifeMs ?? null],
  );
  if (rowCount === 1) db.wake('bellhop_outbox');
}

/** Takes back a message that was not sent yet, because what it says is not true any more. One that is being sent stays. */
export async function withdrawMessage(db: Queryable, key: string): Promise<void> {
  await db.query(
    'update outbox set expires_at = now() where key = $1 and sent_revision < revision and failed is null',
    [key],
  );
}

/** What became of a message. Null: there is no such row. */
export async function postedMessage(
  db: Queryable,
  key: string,
): Promise<{ readonly slackTs: string | null; readonly failed: string | null } | null> {
  const { rows } = await db.query<{ slackTs: string | null; failed: string | null }>(
    'select slack_ts as "slackTs", failed from outbox where key = $1',
    [key],
  );
  return rows[0] ?? null;
}

/** When the agent's last complete answer in a thread was sent. Null when there is none. */
export async function lastAnswerAt(db: Queryable, session: SessionId): Promise<Date | null> {
  const { rows } = await db.query<{ at: Date | null }>(
    `select max(sent_at) as at from outbox
     where session = $1 and kind = 'message' and final and slack_ts is not null and body ->> 'kind' = 'answer'`,
    [session],
  );
  return rows[0]?.at ?? null;
}

/** What waits in the outbox, by class of urgency. */
export interface OutboxBacklog {
  readonly class: 'answer' | 'notice' | 'live' | 'sign';
  /** Due rows that no sender has claimed. Counting stops at `BACKLOG_COUNT`. */
  readonly due: number;
  /** How long the oldest of them has been due, in milliseconds. Null when there is none. */
  readonly oldestMs: number | null;
}

const CLASSES = ['answer', 'notice', 'live', 'sign'] as const;
/** Enough to see that something is wrong. Counting more would only cost time. */
export const BACKLOG_COUNT = 1_000;

/** Age and count of what is due, by class, for metrics. Reads one index, and at most `BACKLOG_COUNT` rows a class. */
export async function outboxBacklog(db: Queryable): Promise<OutboxBacklog[]> {
  const { rows } = await db.query<{ class: number; due: number; oldestMs: number | null }>(
    `select each.n as class, counted.due, oldest.ms as "oldestMs"
     from generate_series(1, 4) as each(n),
     lateral (select count(*)::int as due from (
       select 1 from outbox where class = each.n and due_at <= now() and sent_revision < revision and failed is null
       limit $1) as due) as counted,
     lateral (select (1000 * extract(epoch from now() - min(due_at)))::float8 as ms from outbox
       where class = each.n and due_at <= now() and sent_revision < revision and failed is null) as oldest
     order by each.n`,
    [BACKLOG_COUNT],
  );
  return rows.map(({ class: n, due, oldestMs }) => ({ class: CLASSES[n - 1] ?? 'sign', due, oldestMs }));
}
