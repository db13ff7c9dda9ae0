import type { ModelUsage } from '../contracts/conversation.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import { rowMissing } from './errors.ts';

export interface UsageRecord extends ModelUsage {
  readonly session: SessionId;
  readonly turn: number;
  readonly step: number;
  readonly model: string;
}

/**
 * Records what a model call used, with its principal and channel, and adds it to the turn's totals. A step that called
 * twice (to summarise, then to answer) has one row with the sum. Run it in the transaction that stores the answer.
 */
export async function recordUsage(db: Queryable, record: UsageRecord): Promise<void> {
  const { session, turn, step, model, inputTokens, outputTokens } = record;
  await db.query(
    `insert into model_usage (session, turn, step, principal, channel, model, input_tokens, output_tokens)
     select id, $2, $3, principal, channel, $4, $5, $6 from session where id = $1
     on conflict (session, turn, step) do update
       set input_tokens = model_usage.input_tokens + excluded.input_tokens,
           output_tokens = model_usage.output_tokens + excluded.output_tokens, model = excluded.model`,
    [session, turn, step, model, inputTokens, outputTokens],
  );
  await db.query(
    `update turn set input_tokens = input_tokens + $3, output_tokens = output_tokens + $4, steps = greatest(steps, $5)
     where session = $1 and number = $2`,
    [session, turn, inputTokens, outputTokens, step],
  );
}

/** What the turn has used so far. */
export interface TurnSpending {
  readonly tokens: number;
  /**
   * When its sandbox became ready, because waiting for a place or an image is not work; before that, when it began. It moves on by the time in
   * which people were asked.
   */
  readonly workingSince: Date;
}

/** Input and output tokens of every call whose answer was kept, summaries included. */
export async function turnSpending(db: Queryable, session: SessionId, turn: number): Promise<TurnSpending> {
  const { rows } = await db.query<{ tokens: string; since: Date }>(
    `select input_tokens + output_tokens as tokens, coalesce(sandbox_ready_at, started_at) + (
       select coalesce(sum(coalesce(closed_at, now()) - asked_at), interval '0') from question
       where question.session = $1 and question.turn = $2) as since from turn
     where session = $1 and number = $2`,
    [session, turn],
  );
  if (!rows[0]) throw rowMissing(`turn ${session}/${turn}`);
  return { tokens: Number(rows[0].tokens), workingSince: rows[0].since };
}
