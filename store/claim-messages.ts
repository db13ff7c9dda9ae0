import type { AttachedFile, UserContent } from '../contracts/conversation.ts';
import { type SessionId, threadOf } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import type { InboxFile } from './inbox.ts';
import { appendTranscript, type NewTranscriptRow } from './transcript.ts';

type UserRow = Extract<NewTranscriptRow, { role: 'user' }>;

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
  estimate: (message: Pick<UserRow, 'author' | 'authorClass' | 'content'>) => number,
): Promise<number> {
  const { team, channel, threadTs } = threadOf(session);
  const { rows } = await db.query<ClaimedRow>(
    `with claimed as (
       update inbox set turn = $4
       where team = $1 and channel = $2 and thread_ts = $3 and turn is null
         and state in ('delivered', 'context') and kind in ('message', 'schedule')
       returning id, kind, state, team, ts, author, author_class, text, files)
     select c.id, c.kind, c.state, c.ts, c.author, c.author_class, p.name, c.text, c.files
     from claimed c left join person p on p.team = c.team and p.id = c.author
     order by c.ts::numeric, c.id`,
    [team, channel, threadTs, turn],
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
