import type { ShownFile } from '../contracts/conversation.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import { storableJson, storableText } from './storable.ts';
import { appendTranscript } from './transcript.ts';

export type StepState = 'pending' | 'running' | 'done' | 'failed' | 'stopped' | 'unknown';

export interface StepRef {
  readonly session: SessionId;
  readonly turn: number;
  readonly step: number;
}

/** The failed attempts of a step, by cause (a failure type, or a group of them). */
export type Trouble = Readonly<Record<string, Spent | undefined>>;

export interface Spent {
  readonly tries: number;
  /** Failed attempts since the last one that made progress. */
  readonly inRow: number;
  /** Time of failed attempts and of the pauses after them, in milliseconds. */
  readonly ms: number;
}

/** A model step that is not done yet. */
export interface StartedModelStep {
  /** Counts this attempt: 1 for the first. */
  readonly attempt: number;
  readonly trouble: Trouble;
}

/** Begins a model step, or a further attempt of it. Call it with the turn held, after looking for its answer. */
export async function startModelStep(db: Queryable, { session, turn, step }: StepRef): Promise<StartedModelStep> {
  const { rows } = await db.query<StartedModelStep>(
    `insert into step (session, turn, number, kind, state, attempt, started_at)
     values ($1, $2, $3, 'model', 'running', 1, now())
     on conflict (session, turn, number) do update set attempt = step.attempt + 1
     returning attempt, trouble`,
    [session, turn, step],
  );
  return rows[0] ?? { attempt: 1, trouble: {} };
}

/** Call it with the turn held, after looking whether another attempt has recorded an answer. Returns how many attempts it took. */
export async function finishModelStep(db: Queryable, { session, turn, step }: StepRef): Promise<number> {
  const { rows } = await db.query<{ attempt: number }>(
    `update step set state = 'done', ended_at = now() where session = $1 and turn = $2 and number = $3
     returning attempt`,
    [session, turn, step],
  );
  return rows[0]?.attempt ?? 1;
}

/** The model step that a turn has begun and not finished; null when there is none. Call it with the turn held. */
export async function openModelStep(db: Queryable, { session, turn }: Omit<StepRef, 'step'>): Promise<number | null> {
  const { rows } = await db.query<{ step: number | null }>(
    "select max(number) as step from step where session = $1 and turn = $2 and kind = 'model' and state = 'running'",
    [session, turn],
  );
  return rows[0]?.step ?? null;
}

/** The failed attempts of a step. Call it with the turn held. */
export async function troubleOf(db: Queryable, { session, turn, step }: StepRef): Promise<Trouble> {
  const { rows } = await db.query<{ trouble: Trouble }>(
    'select trouble from step where session = $1 and turn = $2 and number = $3',
    [session, turn, step],
  );
  return rows[0]?.trouble ?? {};
}

/** Call it with the turn held. */
export async function setTrouble(db: Queryable, { session, turn, step }: StepRef, trouble: Trouble): Promise<void> {
  await db.query('update step set trouble = $4 where session = $1 and turn = $2 and number = $3', [
    session,
    turn,
    step,
    JSON.stringify(trouble),
  ]);
}

export interface NewToolStep {
  readonly step: number;
  readonly tool: string;
  /** The model's id of the call. */
  readonly call: string;
  readonly arguments: unknown;
}

/**
 * Stores all tool calls of one model answer before the first one runs. Call it in the transaction that stores the
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
  /** Whether an earlier attempt may have had an effect. */
  readonly begun: boolean;
  readonly trouble: Trouble;
}

/**
 * Begins a tool step, or a further attempt of it. A finished step stays as it is. Null when there is none. Call it with
 * the turn held.
 */
export async function startToolStep(db: Queryable, { session, turn, step }: StepRef): Promise<ToolStep | null> {
  const { rows } = await db.query<ToolStep>(
    `update step set
       state = case when state = 'pending' then 'running' else state end,
       attempt = case when state in ('pending', 'running') then attempt + 1 else attempt end,
       started_at = coalesce(started_at, now())
     where session = $1 and turn = $2 and number = $3 and kind = 'tool'
     returning tool, tool_call as call, arguments, state, attempt, exit_code as "exitCode", truncated,
               started_at as "startedAt", begun, trouble`,
    [session, turn, step],
  );
  return rows[0] ?? null;
}

/** When a step was begun by its first attempt. Null while it waits. */
export async function stepBegan(db: Queryable, { session, turn, step }: StepRef): Promise<Date | null> {
  const { rows } = await db.query<{ at: Date | null }>(
    'select started_at as at from step where session = $1 and turn = $2 and number = $3',
    [session, turn, step],
  );
  return rows[0]?.at ?? null;
}

/** Takes back the count of an attempt that ended because a person is asked: it was not lost. Call it with the turn held. */
export async function uncountAttempt(db: Queryable, { session, turn, step }: StepRef): Promise<void> {
  await db.query(
    "update step set attempt = greatest(attempt - 1, 0) where session = $1 and turn = $2 and number = $3 and state = 'running'",
    [session, turn, step],
  );
}

/**
 * Notes that from now on the call may have an effect. A command needs no such note, because the life of the sandbox in
 * which it starts is stored with its step (`incarnationOfStep`). Call it with the turn held.
 */
export async function markBegun(db: Queryable, { session, turn, step }: StepRef): Promise<void> {
  await db.query(
    "update step set begun = true where session = $1 and turn = $2 and number = $3 and state = 'running'",
    [session, turn, step],
  );
}

export interface ToolEnd {
  readonly state: 'done' | 'failed' | 'stopped' | 'unknown';
  readonly exitCode: number | null;
  readonly truncated: boolean;
  /** The output of the command, for people. Null when there is nothing beyond `text`. */
  readonly output: string | null;
  /** What the model reads. */
  readonly text: string;
  /** What it shows the model, stored. Absent: nothing. */
  readonly shown?: readonly ShownFile[];
  readonly tokens: number;
}

/**
 * Ends an open tool step and stores the result of its call. Only the first call does so; a later one changes nothing
 * and returns false. Call it with the turn held, or the session locked.
 */
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
  const { text, shown = [] } = end;
  const result = { call: ended.call, tool: ended.tool, text, isError: end.state !== 'done' };
  const content = { ...result, ...(shown.length > 0 && { shown }) };
  await appendTranscript(db, session, [{ turn, role: 'tool', step, content, tokens: end.tokens }]);
  return true;
}

/**
 * Ends every open tool step of this and earlier turns, so that no call is left without a result. `endOf` gets whether
 * the call may have had an effect. Call it with the session locked. Returns how many steps were open.
 */
export async function endOpenToolSteps(
  db: Queryable,
  session: SessionId,
  turn: number,
  endOf: (mayHaveRun: boolean) => ToolEnd,
): Promise<number> {
  const { rows } = await db.query<{ turn: number; step: number; mayHaveRun: boolean }>(
    `select turn, number as step, begun or incarnation is not null as "mayHaveRun" from step
     where session = $1 and turn <= $2 and kind = 'tool' and state in ('pending', 'running')
     order by turn, number for update`,
    [session, turn],
  );
  for (const open of rows) {
    await endToolStep(db, { session, turn: open.turn, step: open.step }, endOf(open.mayHaveRun));
  }
  return rows.length;
}

/** The highest step number of a turn, which is its present step. 1 before the first. */
export async function lastStep(db: Queryable, session: SessionId, turn: number): Promise<number> {
  const { rows } = await db.query<{ last: number }>(
    'select coalesce(max(number), 1) as last from step where session = $1 and turn = $2',
    [session, turn],
  );
  return rows[0]?.last ?? 1;
}
