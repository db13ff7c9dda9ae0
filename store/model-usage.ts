import type { ModelUsage } from '../contracts/conversation.ts';
import type { Cost } from '../contracts/cost.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import { rowMissing } from './errors.ts';

export interface UsageRecord extends Omit<ModelUsage, 'estimated'> {
  readonly session: SessionId;
  readonly turn: number;
  readonly step: number;
  readonly model: string;
  /** Null: nobody has said what the model costs. */
  readonly cost: Cost | null;
}

/**
 * Records what a model call used, with its principal and channel, and adds it to the turn's totals. A step that called
 * twice (to summarise, then to answer) has one row with the sum, whose cost is known when that of both is, in one currency. Run it in the
 * transaction that stores the answer.
 */
export async function recordUsage(db: Queryable, record: UsageRecord): Promise<void> {
  const {
    session,
    turn,
    step,
    model,
    inputTokens,
    outputTokens,
    cachedTokens = 0,
    cacheWriteTokens = 0,
    cost,
  } = record;
  await db.query(
    `insert into model_usage (session, turn, step, principal, channel, model, input_tokens, output_tokens, cached_tokens,
       cache_write_tokens, cost, currency)
     select id, $2, $3, principal, channel, $4, $5, $6, $7, $8, $9, $10 from session where id = $1
     on conflict (session, turn, step) do update
       set input_tokens = model_usage.input_tokens + excluded.input_tokens,
           output_tokens = model_usage.output_tokens + excluded.output_tokens, model = excluded.model,
           cached_tokens = model_usage.cached_tokens + excluded.cached_tokens,
           cache_write_tokens = model_usage.cache_write_tokens + excluded.cache_write_tokens,
           cost = case when model_usage.currency = excluded.currency then model_usage.cost + excluded.cost end,
           currency = case when model_usage.currency = excluded.currency then excluded.currency end`,
    [
      ...[session, turn, step, model, inputTokens, outputTokens, cachedTokens, cacheWriteTokens],
      ...[cost?.amount ?? null, cost?.currency ?? null],
    ],
  );
  await db.query(
    `update turn set input_tokens = input_tokens + $3, output_tokens = output_tokens + $4, steps = greatest(steps, $5)
     where session = $1 and number = $2`,
    [session, turn, inputTokens, outputTokens, step],
  );
}

/** What one model has done in a turn. */
export interface ModelUse {
  readonly turn: number;
  readonly model: string;
  /** Answers that were kept. */
  readonly answers: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  /** Null: a price was missing for one of its calls. */
  readonly cost: Cost | null;
}

/** What models have done in the turns of a session, or in one of them, by turn and model. */
export async function modelUse(db: Queryable, session: SessionId, turn: number | null): Promise<ModelUse[]> {
  const { rows } = await db.query<ModelUse>(
    `select turn, model, count(*)::int as answers, sum(input_tokens)::float8 as "inputTokens",
            sum(output_tokens)::float8 as "outputTokens", sum(cached_tokens)::float8 as "cachedTokens",
            sum(cache_write_tokens)::float8 as "cacheWriteTokens",
            case when bool_and(currency is not null) and count(distinct currency) = 1
              then json_build_object('currency', min(currency), 'amount', sum(cost)::float8) end as cost
     from model_usage where session = $1 and ($2::int is null or turn = $2)
     group by turn, model order by turn, model`,
    [session, turn],
  );
  return rows;
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
