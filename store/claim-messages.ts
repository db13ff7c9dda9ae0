import type { AttachedFile, UserContent } from '../contracts/conversation.ts';
import { type SessionId, threadOf } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import type { InboxFile } from './inbox.ts';
import { appendTranscript, type NewTranscriptRow } from './transcript.ts';

type UserRow = Extract<NewTranscriptRow, { role: 'user' }>;

type Estimate = (message: Pick<UserRow, 'author' | 'authorClass' | 'content'>) => number;

interface ClaimedRow {
  id: string;
  kind: 'message' | 'schedule';
  state: 'delivered' | 'context';
  ts: string;
  author: string;
  author_class: string;
  name: string | null;
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
 * The same of what waited when the turn began, for a turn that ends before its first model call: whoever asked for it is
 * told how it ended, and begins no other. A turn that has claimed already gets nothing more.
 */
export async function claimUnread(db: Queryable, session: SessionId, turn: number, estimate: Estimate): Promise<void> {
  const { team, channel, threadTs } = threadOf(session);
  const { rowCount } = await db.query(
    'select 1 from inbox where team = $1 and channel = $2 and thread_ts = $3 and turn = $4 limit 1',
    [team, channel, threadTs, turn],
  );
  if (rowCount === 0) await claim(db, session, turn, estimate, false);
}

async function claim(
  db: Queryable,
  session: SessionId,
  turn: number,
  estimate: Estimate,
  laterToo: boolean,
): Promise<number> {
  const { team, channel, threadTs } = threadOf(session);
  const { rows } = await db.query<ClaimedRow>(
    `with claimed as (
       update inbox set turn = $4
       where team = $1 and channel = $2 and thread_ts = $3 and turn is null
         and state in ('delivered', 'context') and kind in ('message', 'schedule')
         and ($5 or received_at <= (select started_at from turn where session = $6 and number = $4))
       returning id, kind, state, team, ts, author, author_class, text, files)
     select c.id, c.kind, c.state, c.ts, c.author, c.author_class, p.name, c.text, c.files
     from claimed c left join person p on p.team = c.team and p.id = c.author
     order by c.ts::numeric, c.id`,
    [team, channel, threadTs, turn, laterToo, session],
  );
  const entries = rows.map((row): NewTranscriptRow => {
    const content: UserContent = {
      kind: row.kind,
      context: row.state === 'context',
      text: row.text,
      name: row.name,
      ts: row.ts,
      files: row.files.map(attached),
    };
    const message = { author: row.author, authorClass: row.author_class, content };
    return { turn, role: 'user', ...message, tokens: estimate(message) };
  });
  await appendTranscript(db, session, entries);
  return rows.filter((row) => row.state === 'delivered').length;
}

function attached({ name, size, file, problem }: InboxFile): AttachedFile {
  return { name, size, file: file ?? null, problem: problem ?? null };
}
