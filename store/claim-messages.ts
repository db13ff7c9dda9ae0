import type { AttachedFile, UserContent } from '../contracts/conversation.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import type { InboxFile } from './inbox.ts';
import { markRead } from './incoming-files.ts';
import { appendTranscript, type NewTranscriptRow } from './transcript.ts';

type UserRow = Extract<NewTranscriptRow, { role: 'user' }>;

type Estimate = (message: Pick<UserRow, 'author' | 'authorClass' | 'content'>) => number;

interface ClaimedRow {
  id: string;
  kind: 'message' | 'schedule' | 'edit';
  state: 'delivered' | 'context';
  ts: string;
  author: string;
  author_class: string;
  edits: string | null;
  before: string | null;
  name: string | null;
  title: string | null;
  zone: string | null;
  text: string;
  files: InboxFile[];
}

/**
 * Moves what was said in the thread since the last model call into the transcript, under `turn`: messages for the
 * agent, and the talk between them as context, in the order of Slack. Run it inside a transaction.
 *
 * @param estimate tokens the message adds to a model's context
 * @returns how many of them are addressed to the agent
 */
export async function claimInboxMessages(
  db: Queryable,
  session: SessionId,
  turn: number,
  estimate: Estimate,
): Promise<number> {
  return claim(db, session, turn, estimate, true);
}

/**
 * Claims the messages that waited when the turn began, for a turn that ends before its first model call. Otherwise
 * these messages would begin another turn, although their authors are told how this one ended. A turn that has claimed
 * messages already gets nothing more.
 */
export async function claimUnread(db: Queryable, session: SessionId, turn: number, estimate: Estimate): Promise<void> {
  const { rowCount } = await db.query('select 1 from inbox where session = $1 and turn = $2 limit 1', [session, turn]);
  if (rowCount === 0) await claim(db, session, turn, estimate, false);
}

/** Looked up once for a statement, and not for each row. */
const OWNER = '(select owner from session where session.id = $1)';

/**
 * In a session whose sandbox may have been served a person's credential, only what this person says is read: what others write there must not
 * cause anything in their name. What an app posts as this person is not theirs. An owner is set under the session's lock, before anything
 * is served.
 */
export const FROM_OWNER = `(${OWNER} is null or (author = ${OWNER} and author_class <> 'bot') or confirmed_by = ${OWNER})`;

/**
 * What a turn (session $1, number $2) may take. It takes nothing that was said after a stop of it:
 * 1. A message begins a turn. Its author says stop, and then asks for something else.
 * 2. The stop is handed over first, then the new question. The turn has not ended yet.
 * 3. If the turn took the question now, it would end as a stopped one, and the question would get no answer.
 * Therefore the question waits for the next turn. A turn that a restart has left out of the context takes nothing either (store/restarts.ts),
 * and nobody takes what came before the thread was forgotten (store/forget-thread.ts).
 */
const CLAIMABLE = `session = $1 and turn is null and kind in ('message', 'schedule', 'edit') and ${FROM_OWNER}
  and $2 > (select forgotten_turn from session where session.id = $1) and id > (select forgotten_entry from session where session.id = $1)
  and id < all(select stop.id from inbox stop join turn on turn.session = stop.session
               where stop.session = $1 and stop.kind = 'stop' and stop.state = 'answered'
                 and number = $2 and stop.id > begun_by)`;

/**
 * Whether a message for the agent waits that the turn may take. What it may not take keeps no turn from ending: the model
 * would be asked again and again, and learn nothing new.
 */
export async function someoneWaits(db: Queryable, session: SessionId, turn: number): Promise<boolean> {
  const { rowCount } = await db.query(`select 1 from inbox where ${CLAIMABLE} and state = 'delivered' limit 1`, [
    session,
    turn,
  ]);
  return rowCount === 1;
}

/** Messages that steer the turn which reads them: words for the agent, but not an app's. Their author steers it, and so does who confirmed them. */
const STEERS = "state = 'delivered' and author_class <> 'bot'";

const SEVERAL = '';
/**
 * The person whose words a message has: who confirmed it, otherwise its author. An app counts as several people. `session.heard` notes the
 * one person whose words have come into the session, or several. It is kept with the session, because messages that were read are deleted
 * long before a thread that is in use.
 */
const SPEAKER = `coalesce(confirmed_by, case when author_class = 'bot' then '${SEVERAL}' else author end)`;

async function claim(
  db: Queryable,
  session: SessionId,
  turn: number,
  estimate: Estimate,
  laterToo: boolean,
): Promise<number> {
  const { rows } = await db.query<ClaimedRow>(
    `with claimed as (
       update inbox set turn = $2
       where ${CLAIMABLE} and state in ('delivered', 'context')
         and ($3 or received_at <= (select started_at from turn where turn.session = $1 and number = $2))
       returning id, kind, state, team, ts, author, author_class, confirmed_by, text, files, edits, text_before),
     said as (
       select case when count(distinct ${SPEAKER}) = 1 then min(${SPEAKER}) else '${SEVERAL}' end as by
       from claimed having count(*) > 0),
     noted as (
       update session set heard = case when coalesce(heard, said.by) = said.by then said.by else '${SEVERAL}' end
       from said where session.id = $1 and heard is distinct from said.by and heard is distinct from '${SEVERAL}'),
     steered as (
       update turn set steered_by = steered_by || array(
         select person from (
           select person, min(ts::numeric) as at
           from claimed, unnest(array[author, confirmed_by]) as whose (person)
           where ${STEERS} and person is not null group by person) people
         where person <> all(steered_by) order by at, person)
       where session = $1 and number = $2 and exists (select 1 from claimed where ${STEERS}))
     select c.id, c.kind, c.state, c.ts, c.author, c.author_class, c.edits, c.text_before as before, p.name, p.title, p.zone, c.text, c.files
     from claimed c left join person p on p.team = c.team and p.id = c.author
     order by c.ts::numeric, c.id`,
    [session, turn, laterToo],
  );
  const kept = await markRead(
    db,
    rows.flatMap(({ files }) => files.flatMap(({ file }) => file ?? [])),
    turn,
  );
  const entries = rows.map((row): NewTranscriptRow => {
    const content: UserContent = {
      kind: row.kind,
      context: row.state === 'context',
      text: row.text,
      name: row.name,
      ...(row.title && { title: row.title }),
      ...(row.zone && { zone: row.zone }),
      ts: row.ts,
      files: row.files.map((file) => attached(file, kept)),
      ...(row.edits !== null && { edits: row.edits, before: row.before ?? '' }),
    };
    const message = { author: row.author, authorClass: row.author_class, content };
    return { turn, role: 'user', ...message, tokens: estimate(message) };
  });
  await appendTranscript(db, session, entries);
  return rows.filter((row) => row.state === 'delivered').length;
}

/** What a restart hands out again may have had files that were removed: the thread was forgotten before, or their time was up. */
function attached({ name, size, file, problem }: InboxFile, kept: ReadonlySet<string>): AttachedFile {
  if (file !== undefined && !kept.has(file)) return { name, size, file: null, problem: 'removed since' };
  return { name, size, file: file ?? null, problem: problem ?? null };
}
