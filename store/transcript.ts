import type { AssistantContent, SummaryContent, ToolContent, UserContent } from '../contracts/conversation.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import { storableJson } from './storable.ts';

/** Turns that a restart has left out of the context (store/restarts.ts). */
const REMEMBERED = 'turn > coalesce((select forgotten_turn from session where session.id = $1), 0)';

/** The content of a row, by its role. */
export type TranscriptEntry =
  | {
      readonly role: 'user';
      readonly author: string;
      readonly authorClass: string;
      readonly content: UserContent;
    }
  | { readonly role: 'assistant'; readonly step: number; readonly content: AssistantContent }
  | { readonly role: 'tool'; readonly step: number; readonly content: ToolContent }
  | { readonly role: 'summary'; readonly content: SummaryContent };

export type TranscriptRow = TranscriptEntry & {
  /** A bigint, therefore a string. It grows within a session in the order of the conversation. */
  readonly seq: string;
  readonly turn: number;
  /** The tokens that the row adds to a model's context: from the model's usage if known, otherwise estimated. */
  readonly tokens: number;
  readonly at: Date;
};

export type NewTranscriptRow = TranscriptEntry & { readonly turn: number; readonly tokens: number };

/** Adds rows in order, in one statement. Call it with the session locked, so that `seq` grows in the order of the commits. */
export async function appendTranscript(
  db: Queryable,
  session: SessionId,
  rows: readonly NewTranscriptRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await db.query(
    `insert into transcript (session, turn, role, author, author_class, step, content, tokens)
     select $1, turn, role, author, author_class, step, content, tokens
     from unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::int[], $7::jsonb[], $8::int[])
       with ordinality as given (turn, role, author, author_class, step, content, tokens, nth) order by nth`,
    [
      session,
      rows.map((row) => row.turn),
      rows.map((row) => row.role),
      rows.map((row) => (row.role === 'user' ? row.author : null)),
      rows.map((row) => (row.role === 'user' ? row.authorClass : null)),
      rows.map((row) => (row.role === 'assistant' || row.role === 'tool' ? row.step : null)),
      rows.map((row) => storableJson(row.content)),
      rows.map((row) => row.tokens),
    ],
  );
}

/**
 * The rows for a model's context, in order: the newest summary, if there is one, and every row that it does not
 * replace. Older summaries are left out.
 */
export async function readTranscript(db: Queryable, session: SessionId): Promise<TranscriptRow[]> {
  const { rows } = await db.query<StoredRow>(
    `with summary as (
       select seq, (content->>'upTo')::bigint as up_to from transcript
       where session = $1 and role = 'summary' and ${REMEMBERED} order by seq desc limit 1)
     select t.seq, turn, role, author, author_class, step, content, tokens, at
     from transcript t left join summary s on true
     where session = $1 and ${REMEMBERED} and (s.seq is null or t.seq = s.seq or (t.seq > s.up_to and role <> 'summary'))
     order by (t.seq = s.seq) desc nulls last, t.seq`,
    [session],
  );
  return rows.map(toRow);
}

/** The rows from `seq` on, that one included, in order. */
export async function readTranscriptFrom(db: Queryable, session: SessionId, seq: string): Promise<TranscriptRow[]> {
  const { rows } = await db.query<StoredRow>(
    `select seq, turn, role, author, author_class, step, content, tokens, at
     from transcript where session = $1 and seq >= $2 and ${REMEMBERED} order by seq`,
    [session, seq],
  );
  return rows.map(toRow);
}

/** The `seq` of the newest summary; null while there is none. */
export async function newestSummary(db: Queryable, session: SessionId): Promise<string | null> {
  const { rows } = await db.query<{ seq: string }>(
    `select seq from transcript where session = $1 and role = 'summary' and ${REMEMBERED} order by seq desc limit 1`,
    [session],
  );
  return rows[0]?.seq ?? null;
}

/** The answer a model step gave; null while there is none. */
export async function assistantAt(
  db: Queryable,
  { session, turn, step }: { readonly session: SessionId; readonly turn: number; readonly step: number },
): Promise<AssistantContent | null> {
  const { rows } = await db.query<{ content: AssistantContent }>(
    `select content from transcript where session = $1 and turn = $2 and step = $3 and role = 'assistant'`,
    [session, turn, step],
  );
  return rows[0]?.content ?? null;
}

/** Every answer of the model in one turn, in order. */
export async function assistantsOf(db: Queryable, session: SessionId, turn: number): Promise<AssistantContent[]> {
  const { rows } = await db.query<{ content: AssistantContent }>(
    `select content from transcript where session = $1 and turn = $2 and role = 'assistant' order by seq`,
    [session, turn],
  );
  return rows.map(({ content }) => content);
}

/** Notes that somebody stopped the turn, once for each turn. `by` is a Slack user id. */
export async function noteStop(db: Queryable, session: SessionId, turn: number, by: string): Promise<void> {
  const content: UserContent = { kind: 'stop', context: false, text: '', name: null, ts: '', files: [] };
  await db.query(
    `insert into transcript (session, turn, role, author, author_class, content, tokens)
     select $1, $2, 'user', $3, 'unknown', $4, 20
     where not exists (select 1 from transcript
       where session = $1 and turn = $2 and role = 'user' and content->>'kind' = 'stop')`,
    [session, turn, by, storableJson(content)],
  );
}

interface StoredRow {
  seq: string;
  turn: number;
  role: TranscriptEntry['role'];
  author: string | null;
  author_class: string | null;
  step: number | null;
  content: unknown;
  tokens: number;
  at: Date;
}

/** The content has the shape of its role because `appendTranscript` is the only writer. */
function toRow(row: StoredRow): TranscriptRow {
  const { seq, turn, role, content, tokens, at } = row;
  const common = { seq, turn, tokens, at };
  switch (role) {
    case 'user':
      return {
        ...common,
        role,
        author: row.author ?? 'unknown',
        authorClass: row.author_class ?? 'unknown',
        content: content as UserContent,
      };
    case 'assistant':
      return { ...common, role, step: row.step ?? 0, content: content as AssistantContent };
    case 'tool':
      return { ...common, role, step: row.step ?? 0, content: content as ToolContent };
    case 'summary':
      return { ...common, role, content: content as SummaryContent };
  }
}
