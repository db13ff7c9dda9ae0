import { type SessionId, threadOf } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';

export interface ThreadMessageRow {
  readonly at: Date;
  readonly author: string;
  readonly authorClass: string;
  /** Plain text of people, Markdown of the agent. */
  readonly text: string;
}

/** The newest messages of a session's own thread, people's and the agent's answers, oldest first. */
export async function readThreadMessages(
  db: Queryable,
  session: SessionId,
  limit: number,
): Promise<ThreadMessageRow[]> {
  const { team, channel, threadTs } = threadOf(session);
  const { rows } = await db.query<ThreadMessageRow>(
    `select at, author, "authorClass", text from (
       select i.received_at as at, coalesce(p.name, i.author) as author, i.author_class as "authorClass", i.text
       from inbox i left join person p on p.team = i.team and p.id = i.author
       where i.team = $2 and i.channel = $3 and i.thread_ts = $4 and i.kind in ('message', 'schedule')
         and i.state in ('delivered', 'context')
       union all
       select t.at, 'you', 'agent', said.text
       from transcript t cross join lateral (
         select string_agg(block->>'text', '') filter (where block->>'type' = 'text') as text,
                bool_or(block->>'type' = 'tool_use') as working
         from jsonb_array_elements(t.content->'blocks') block) said
       where t.session = $1 and t.role = 'assistant' and not said.working and said.text <> ''
     ) said_here order by at desc limit $5`,
    [session, team, channel, threadTs, limit],
  );
  return rows.reverse();
}
