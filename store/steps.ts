import type { SessionId } from '../contracts/ids.ts';
import { type Database, inTransaction, type Queryable } from './database.ts';
import { storableJson, storableText } from './storable.ts';
import { appendTranscript } from './transcript.ts';

export type StepState = 'pending' | 'running' | 'done' | 'failed' | 'stopped' | 'unknown';

export interface StepRef {
  readonly session: SessionId;
  readonly turn: number;
  readonly step: number;
}

/** Begins a model step, or a further attempt of it. A finished step stays as it is. */
export async function startModelStep(db: Queryable, { session, turn, step }: StepRef): Promise<StepState> {
  const { rows } = await db.query<{ state: StepState }>(
    `insert into step (session, turn, number, kind, state, attempt, started_at)
     values ($1, $2, $3, 'model', 'running', 1, now())
     on conflict (session, turn, number) do update
       set attempt = case when step.state = 'done' then step.attempt else step.attempt + 1 end
     returning state`,
    [session, turn, step],
  );
  return rows[0]?.state ?? 'running';
}

/** True for the one caller that finishes the step; a late attempt gets false and must change nothing. */
export async function finishModelStep(db: Queryable, { session, turn, step }: StepRef): Promise<boolean> {
  const { rowCount } = await db.query(
    `update step set state = 'done', ended_at = now()
     where session = $1 and turn = $2 and number = $3 and state = 'running'`,
    [session, turn, step],
  );
  return rowCount === 1;
}

export interface NewToolStep {
  readonly step: number;
  readonly tool: string;
  /** The model's id of the call. */
  readonly call: string;
  readonly arguments: unknown;
}

/**
 * The calls of one model answer, all of them before the first one runs. Call it in the transaction that keeps the
 * answer.
 */
export async function addToolSteps(
  db: Queryable,
  session: SessionId,
  turn: number,
  steps: readonly NewToolStep[],
): Promise<void> {
  for (const { step, tool, call, arguments: given } of steps) {
    await db.query(
      `insert into step (session, turn, number, kind, tool, tool_call, arguments) values ($1, $2, $3, 'tool', $4, $5, $6)`,
      [session, turn, step, storableText(tool), call, storableJson(given)],
    );
  }
}

/** The tool calls a model step asked for, in order. */
export async function toolStepsOf(
  db: Queryable,
  { session, turn, step }: StepRef,
): Promise<{ step: number; tool: string; state: StepState }[]> {
  const { rows } = await db.query<{ step: number; tool: string; state: StepState }>(
    `select number as step, tool, state from step
     where session = $1 and turn = $2 and kind = 'tool' and number > $3 and number < coalesce(
       (select min(number) from step where session = $1 and turn = $2 and kind = 'model' and number > $3), 2147483647)
     order by number`,
    [session, turn, step],
  );
  return rows;
}

export interface ToolStep {
  readonly tool: string;
  readonly call: string;
  readonly arguments: unknown;
  readonly state: StepState;
  /** Counts this attempt: 1 for the first. */
  readonly attempt: number;
  readonly exitCode: number | null;
  readonly truncated: boolean;
  /** Of the first attempt. */
  readonly startedAt: Date;
}

/** Begins a tool step, or a further attempt of it. A finished step stays as it is. Null when there is none. */
export async function startToolStep(db: Queryable, { session, turn, step }: StepRef): Promise<ToolStep | null> {
  const { rows } = await db.query<ToolStep>(
    `update step set
       state = case when state = 'pending' then 'running' else state end,
       attempt = case when state in ('pending', 'running') then attempt + 1 else attempt end,
       started_at = coalesce(started_at, now())
     where session = $1 and turn = $2 and number = $3 and kind = 'tool'
     returning tool, tool_call as call, arguments, state, attempt, exit_code as "exitCode", truncated,
               started_at as "startedAt"`,
    [session, turn, step],
  );
  return rows[0] ?? null;
}

export interface ToolEnd {
  readonly state: 'done' | 'failed' | 'stopped' | 'unknown';
  readonly exitCode: number | null;
  readonly truncated: boolean;
  /** What the command wrote, for people; null where there is nothing beyond `text`. */
  readonly output: string | null;
  /** What the model reads. */
  readonly text: string;
  readonly tokens: number;
}

/** Ends an open tool step and gives its call a result, once: whoever comes later changes nothing and gets false. */
export async function finishToolStep(database: Database, ref: StepRef, end: ToolEnd): Promise<boolean> {
  return inTransaction(database, (db) => endToolStep(db, ref, end));
}

/** The same inside a transaction of the caller. */
export async function endToolStep(db: Queryable, { session, turn, step }: StepRef, end: ToolEnd): Promise<boolean> {
  const { rows } = await db.query<{ tool: string; call: string }>(
    `update step set state = $4, exit_code = $5, truncated = $6, output = $7, ended_at = now()
     where session = $1 and turn = $2 and number = $3 and kind = 'tool' and state in ('pending', 'running')
     returning tool, tool_call as call`,
    [
      session,
      turn,
      step,
      end.state,
      end.exitCode,
      end.truncated,
      end.output === null ? null : storableText(end.output),
    ],
  );
  const ended = rows[0];
  if (!ended) return false;
  const content = { call: ended.call, tool: ended.tool, text: end.text, isError: end.state !== 'done' };
  await appendTranscript(db, session, [{ turn, role: 'tool', step, content, tokens: end.tokens }]);
  return true;
}

/**
 * Ends every open tool step of this and earlier turns, so that no call is left without a result; `endOf` is told whether
 * it had begun to run. Run it in a transaction. Returns how many there were.
 */
export async function endOpenToolSteps(
  db: Queryable,
  session: SessionId,
  turn: number,
  endOf: (begun: boolean) => ToolEnd,
): Promise<number> {
  const { rows } = await db.query<{ turn: number; step: number; state: StepState }>(
    `select turn, number as step, state from step
     where session = $1 and turn <= $2 and kind = 'tool' and state in ('pending', 'running')
     order by turn, number for update`,
    [session, turn],
  );
  for (const open of rows) {
    await endToolStep(db, { session, turn: open.turn, step: open.step }, endOf(open.state === 'running'));
  }
  return rows.length;
}
