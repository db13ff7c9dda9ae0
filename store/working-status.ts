/** Slack's own line under a thread that says that the agent works. Slack ends it after two minutes, and at each post of ours. */
import { type SessionId, turnIdOf } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import { putStatus, type Target } from './outbox.ts';
import type { Claim, OutboxOf } from './outbox-claims.ts';
import { storableJson } from './storable.ts';
import type { TurnRef } from './turn-fence.ts';

/** The row that keeps the line up to date from the beginning of a turn to its end. */
function statusKey({ session, turn }: TurnRef): string {
  return `${turnIdOf(session, turn)}/status`;
}

/** While a turn has asked a person something, nobody waits for the agent. */
const ASKS = 'is waiting for an answer…';
/** A turn's first message stands in its thread by then, and with it the line of the acknowledgement is gone. */
const FIRST_AFTER_MS = 2_000;
/** By then an answer is in Slack, which ends the line without a call of ours. */
const LAST_AFTER_MS = 5_000;
/** Slack has ended the line by itself. */
const LAST_LIFE_MS = 120_000;
/** Calls that were made so long before an answer have reached Slack before it. */
const SURELY_BEFORE_MS = 2_000;
/** A post ends the line. What is posted together with it should be there first. */
const AFTER_POST_MS = 1_000;

/** Keeps the line while the turn runs. Call it in the transaction that begins the turn. */
export async function beginStatus(
  db: Queryable,
  turn: TurnRef,
  target: Omit<Target, 'key'>,
  words: string,
): Promise<void> {
  await db.query(
    `insert into outbox (key, kind, team, channel, thread_ts, body, not_before)
     values ($1, 'status', $2, $3, $4, $5, now() + $6 * interval '1 millisecond') on conflict (key) do nothing`,
    [
      statusKey(turn),
      target.team,
      target.channel,
      target.threadTs,
      storableJson({ status: words, turn: turn.turn }),
      FIRST_AFTER_MS,
    ],
  );
}

/**
 * Ends the line. Call it in the transaction that ends the turn. An answer ends it in Slack, so it is looked at once more only when the
 * answer should be there.
 *
 * @param answered false when nothing is posted, so that Slack has to be told
 */
export async function endStatus(
  db: Queryable,
  turn: TurnRef,
  target: Omit<Target, 'key'>,
  answered: boolean,
): Promise<void> {
  const key = statusKey(turn);
  const body = { status: '', turn: turn.turn };
  const { rowCount } = await db.query(
    `update outbox set body = $2, final = true, revision = revision + 1, queued = false, failed = null,
       not_before = now() + $3 * interval '1 millisecond', expires_at = now() + $4 * interval '1 millisecond'
     where key = $1 and not final`,
    [key, storableJson(body), answered ? LAST_AFTER_MS : 0, LAST_LIFE_MS],
  );
  if (rowCount === 0 && !answered) await putStatus(db, { ...target, key, body });
  if (!answered) db.wake('bellhop_outbox');
}

/**
 * What Slack is to be told now: the words of the line, nothing to end it, or null when there is nothing to tell.
 *
 * 1. The line of a turn that does not run any more is not set. That of one that waits for a person says so.
 * 2. It is not ended while the next turn runs, which has a line of its own; nor when the answer was posted after it was set. Where
 *    that is not certain, because both calls were under way together, it is ended. An answer that has grown in the thread was no new
 *    post at its end, so it has ended no line.
 * 3. The line of an acknowledgement is not set once something was posted after it, because no post would end it; nor while a turn
 *    runs, which has a line of its own.
 */
export async function statusToTell(db: Queryable, row: OutboxOf<'status'>): Promise<string | null> {
  const { session, body, createdAt } = row;
  if (session === null) return null;
  if (body.turn === undefined) return (await isLate(db, session, createdAt)) ? null : body.status;
  const { rows } = await db.query<{
    running: number | null;
    asks: boolean;
    setAt: Date | null;
    answeredAt: Date | null;
  }>(
    `select (select max(number) from turn where session = $1 and state = 'running') as running,
       exists (select 1 from question where session = $1 and turn = $3 and state = 'open') as asks,
       (select max(sent_at) from outbox where session = $1 and kind = 'status') as "setAt",
       (select sent_at from outbox where key = $2 and slack_ts is not null and stream is null) as "answeredAt"`,
    [session, `${turnIdOf(session, body.turn)}/answer`, body.turn],
  );
  const { running = null, asks = false, setAt = null, answeredAt = null } = rows[0] ?? {};
  if (body.status !== '' && running !== body.turn) return null;
  if (body.status !== '') return asks ? ASKS : body.status;
  if (running !== null) return null;
  const isEnded = answeredAt !== null && answeredAt.getTime() - (setAt?.getTime() ?? 0) > SURELY_BEFORE_MS;
  return isEnded ? null : '';
}

/** Whether an acknowledgement has been overtaken, by a post or by its turn. */
async function isLate(db: Queryable, session: SessionId, since: Date): Promise<boolean> {
  const { rowCount } = await db.query(
    `select 1 where exists (select 1 from outbox where session = $1 and kind = 'message' and sent_at >= $2)
       or exists (select 1 from turn where session = $1 and state = 'running')`,
    [session, since],
  );
  return rowCount === 1;
}

/**
 * Notes that Slack shows the line of a turn, and gives the row back until the line has to be set again. A post that came meanwhile, or the
 * end of the turn, has said when that is.
 */
export async function noteStatusSet(db: Queryable, row: Claim, againInMs: number): Promise<void> {
  await db.query(
    `update outbox set sent_at = now(), attempts = 0, claim = null, claimed_until = null, queued = false,
       not_before = case when final or not_before > now() then not_before else now() + $3 * interval '1 millisecond' end
     where id = $1 and claim = $2`,
    [row.id, row.claim, againInMs],
  );
}

/** The line is set again soon: something was posted in the thread, which has ended it in Slack, or it has to say something else. */
export async function setStatusAgain(db: Queryable, session: SessionId): Promise<void> {
  await db.query(
    `update outbox set not_before = now() + $2 * interval '1 millisecond'
     where session = $1 and kind = 'status' and not final and sent_revision < revision and failed is null and not queued
       and (not_before > now() + $2 * interval '1 millisecond' or claim is not null)`,
    [session, AFTER_POST_MS],
  );
}
