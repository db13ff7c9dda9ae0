/** Questions that people are asked in threads (contracts/questions.ts). */
import { type SessionId, threadOf } from '../contracts/ids.ts';
import {
  ANSWER_WITHIN_MS,
  type Answer,
  type AskedQuestion,
  type Choice,
  type FormField,
} from '../contracts/questions.ts';
import { type Database, inTransaction, type Queryable } from './database.ts';
import { putEphemeral, putMessage, type QuestionBody, replaceMessage, withdrawMessage } from './outbox.ts';
import { storableJson } from './storable.ts';
import { lockSession, lockTurn } from './turn-fence.ts';
import { setStatusAgain } from './working-status.ts';

export type QuestionState = 'open' | 'answered' | 'expired' | 'withdrawn';

export interface StoredQuestion {
  readonly id: string;
  readonly session: SessionId;
  /** Null for one that no turn asks. */
  readonly turn: number | null;
  readonly key: string;
  readonly asked: AskedQuestion;
  readonly state: QuestionState;
  readonly choice: string | null;
  readonly by: string | null;
  readonly given: Readonly<Record<string, string>>;
  /** Milliseconds until nobody can answer it any more. */
  readonly leftMs: number;
}

const NOW = `state, choice, chosen_by as "by", given,
  greatest(0, extract(epoch from expires_at - now()) * 1000)::float8 as "leftMs"`;
const COLUMNS = `id, session, turn, key, asked, ${NOW}`;

export interface Asking {
  readonly session: SessionId;
  readonly turn: number | null;
  readonly key: string;
  readonly question: AskedQuestion;
  /** @default ANSWER_WITHIN_MS */
  readonly withinMs?: number | undefined;
  /** What all questions of its turn may wait together. @default no limit */
  readonly mostMs?: number;
}

/**
 * Asks a question once for each key, and shows its card. Asking again changes nothing and shows nothing. Call it with the turn held,
 * or the session locked where no turn asks.
 */
export async function askQuestion(db: Queryable, asking: Asking): Promise<StoredQuestion> {
  const { session, turn, key, question, withinMs = ANSWER_WITHIN_MS, mostMs } = asking;
  const { rows } = await db.query<StoredQuestion>(
    `insert into question (session, turn, key, asked, expires_at)
     select $1, $2, $3, $4, now() + greatest(0, least($5, $6 - (
       select coalesce(sum(extract(epoch from coalesce(closed_at, now()) - asked_at)) * 1000, 0)
       from question where session = $1 and turn = $2))) * interval '1 millisecond'
     on conflict (key) do nothing returning ${COLUMNS}`,
    [session, turn, key, storableJson(question), withinMs, mostMs ?? withinMs],
  );
  const [made] = rows;
  if (!made) {
    const known = await db.query<StoredQuestion>(`select ${COLUMNS} from question where key = $1`, [key]);
    if (!known.rows[0]) throw new Error(`question ${key} is neither new nor known`);
    return known.rows[0];
  }
  const { text, choices, answerer, shown } = question;
  const card: QuestionBody = { kind: 'question', question: made.id, text, choices: choices.map(withoutForm) };
  const target = { key, ...threadOf(session) };
  if (shown === 'alone' && answerer !== 'members') {
    await putEphemeral(db, { ...target, body: { user: answerer.person, text, question: card } });
  } else await putMessage(db, { ...target, body: card, final: true });
  if (turn !== null) await setStatusAgain(db, session);
  return made;
}

/** Whether the press opens a form is all that a card has to know of it. */
function withoutForm({ form, ...choice }: Choice): Choice {
  return form ? { ...choice, form: { title: form.title, fields: [] } } : choice;
}

/** Whether a question of this name, which no turn asks, waits in this thread. Call it with the session locked. */
export async function isOpen(db: Queryable, session: SessionId, name: string): Promise<boolean> {
  const { rows } = await db.query(
    `select 1 from question where session = $1 and turn is null and state = 'open' and asked->>'name' = $2 limit 1`,
    [session, name],
  );
  return rows.length > 0;
}

/** What can become of a question. It is little, for those who look again and again. */
export type QuestionNow = Pick<StoredQuestion, 'state' | 'choice' | 'by' | 'given' | 'leftMs'>;

/** Null when the question is gone with its thread. */
export async function lookAtQuestion(db: Queryable, id: string): Promise<QuestionNow | null> {
  const { rows } = await db.query<QuestionNow>(`select ${NOW} from question where id = $1`, [id]);
  return rows[0] ?? null;
}

/** Null when there is none, or its thread is gone. */
export async function findQuestion(db: Queryable, id: string): Promise<StoredQuestion | null> {
  const { rows } = await db.query<StoredQuestion>(`select ${COLUMNS} from question where id = $1`, [id]);
  return rows[0] ?? null;
}

/** What came of a question. Null while it is open. */
export function answerTo({ state, choice, by, given }: QuestionNow): Answer | null {
  if (state === 'open') return null;
  if (state !== 'answered') return { state };
  return { state, choice: choice ?? '', by: by ?? '', given };
}

export interface Press {
  readonly question: string;
  /** Slack's id of who pressed, and the name that others know. */
  readonly by: string;
  readonly name: string;
  /** Whether they may speak to the agent. Nobody else's press counts, also when the question is put to them. */
  readonly isMember: boolean;
  readonly choice: string;
  readonly given: Readonly<Record<string, string>>;
}

/**
 * `taken`: it counts. `again`: the same person has answered before. `not-yours`: it is put to somebody else, or they are no member any more. `answered`: somebody else was
 * first. `late`: its time or its turn is over. `gone`: there is no such question or choice.
 */
export type PressOutcome = 'taken' | 'again' | 'not-yours' | 'answered' | 'late' | 'gone';

/**
 * Judges a press against the question, and closes the question with it. All of it is one transaction under the session's lock, which the
 * end of a turn takes as well. So of two presses, or of a press and the end of the turn, the first to commit counts, and the other
 * one reads what became of the question and changes nothing.
 */
export async function pressQuestion(database: Database, press: Press): Promise<PressOutcome> {
  return inTransaction(database, async (db) => {
    const found = await findQuestion(db, press.question);
    const locked = found && (await lockSession(db, found.session));
    if (!found || !locked) return 'gone';
    const question = await findQuestion(db, press.question);
    if (!question) return 'gone';
    const { asked, session, turn } = question;
    const isTheirs = press.isMember && (asked.answerer === 'members' || asked.answerer.person === press.by);
    // In a thread that works in a person's name nobody else's press causes anything.
    if (!isTheirs || (locked.owner !== null && locked.owner !== press.by)) return 'not-yours';
    if (question.state === 'answered') return question.by === press.by ? 'again' : 'answered';
    if (question.state !== 'open') return 'late';
    if (question.leftMs <= 0) return 'late';
    if (turn !== null && (await lockTurn(db, { session, turn })) !== 'running') return 'late';
    const choice = asked.choices.find(({ id }) => id === press.choice);
    if (!choice) return 'gone';
    await db.query(
      `update question set state = 'answered', choice = $2, chosen_by = $3, given = $4, closed_at = now() where id = $1`,
      [question.id, choice.id, press.by, storableJson(fitting(choice.form?.fields ?? [], press.given))],
    );
    await replaceCard(db, question, `${press.name} chose “${choice.label}”.`);
    db.wake('bellhop_question');
    return 'taken';
  });
}

const MOST_GIVEN = 3_000;

/** What the form asks for, and nothing else. */
function fitting(fields: readonly FormField[], given: Press['given']): Record<string, string> {
  return Object.fromEntries(
    fields.flatMap(({ name }) => {
      const value = given[name];
      return value === undefined ? [] : [[name, value.slice(0, MOST_GIVEN)]];
    }),
  );
}

/** Withdraws the open questions of a turn that ends, and forgets what was entered in its forms. Call it with the session locked. */
export async function withdrawQuestions(db: Queryable, session: SessionId, turn: number): Promise<void> {
  const { rows } = await db.query<StoredQuestion>(
    `update question set state = 'withdrawn', closed_at = now() where session = $1 and turn = $2 and state = 'open' returning ${COLUMNS}`,
    [session, turn],
  );
  for (const question of rows) await replaceCard(db, question, 'Not asked any more: the work ended first.');
  await db.query(`update question set given = '{}' where session = $1 and turn = $2 and given <> '{}'`, [
    session,
    turn,
  ]);
}

/** Closes a question whose call has ended. What is closed already stays as it is. */
export async function withdrawQuestion(
  database: Database,
  { id, session }: Pick<StoredQuestion, 'id' | 'session'>,
): Promise<void> {
  await closeQuestion(database, { id, session }, 'withdrawn', 'Not asked any more: the call has ended.');
}

async function closeQuestion(
  database: Database,
  { id, session }: Pick<StoredQuestion, 'id' | 'session'>,
  state: 'withdrawn' | 'expired',
  words: string,
): Promise<void> {
  await inTransaction(database, async (db) => {
    await lockSession(db, session);
    const closed = await db.query<StoredQuestion>(
      `update question set state = $2, closed_at = now() where id = $1 and state = 'open' returning ${COLUMNS}`,
      [id, state],
    );
    for (const question of closed.rows) await replaceCard(db, question, words);
  });
}

/**
 * Closes questions that nobody has answered in time, at most `most`. Returns how many. One that cannot be closed keeps no other one back.
 *
 * @throws the first failure, when all have been tried
 */
export async function expireQuestions(database: Database, most: number): Promise<number> {
  const { rows } = await database.query<Pick<StoredQuestion, 'id' | 'session'>>(
    `select id, session from question where state = 'open' and expires_at <= now() order by expires_at limit $1`,
    [most],
  );
  const failures: unknown[] = [];
  for (const row of rows) {
    await closeQuestion(database, row, 'expired', 'Nobody answered in time.').catch((error: unknown) =>
      failures.push(error),
    );
  }
  if (failures.length > 0) throw failures[0];
  return rows.length;
}

/** Puts one line in place of the card. A card that one person alone was shown cannot be replaced: it is only withdrawn while it was not sent. */
async function replaceCard(db: Queryable, { key, asked }: StoredQuestion, words: string): Promise<void> {
  if (asked.shown === 'alone') await withdrawMessage(db, key);
  else await replaceMessage(db, key, { kind: 'notice', text: `${asked.about}: ${words}` });
}

/** Closed questions of which no session was told yet. */
export async function untoldQuestions(db: Queryable, most: number): Promise<StoredQuestion[]> {
  const { rows } = await db.query<StoredQuestion>(
    `select ${COLUMNS} from question where told_at is null and state in ('answered', 'expired') order by closed_at limit $1`,
    [most],
  );
  return rows;
}

/** Notes that the session of a closed question was signalled. */
export async function markQuestionTold(db: Queryable, id: string): Promise<void> {
  await db.query('update question set told_at = now() where id = $1', [id]);
}
