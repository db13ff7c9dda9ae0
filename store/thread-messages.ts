import type { SessionId } from '../contracts/ids.ts';
import { FROM_OWNER } from './claim-messages.ts';
import type { Queryable } from './database.ts';

export interface ThreadMessageRow {
  readonly at: Date;
  readonly author: string;
  readonly authorClass: string;
  /** Plain text for people's messages, Markdown for the agent's. */
  readonly text: string;
}

/** The newest messages of a session's own thread, from people and the agent, oldest first. */
export async function readThreadMessages(
  db: Queryable,
  session: SessionId,
  limit: number,
): Promise<ThreadMessageRow[]> {
  const { rows } = await db.query<ThreadMessageRow>(
    `with heard as (
       select received_at as at, team, author, author_class, text from inbox
       where session = $1 and kind in ('message', 'schedule') and state in ('delivered', 'context') and ${FROM_OWNER}
       order by received_at desc limit $2),
     answered as (
       select t.at, said.text from transcript t cross join lateral (
         select string_agg(block->>'text', '') filter (where block->>'type' = 'text') as text,
                bool_or(block->>'type' = 'tool_use') as working
         from jsonb_array_elements(t.content->'blocks') block) said
       where t.session = $1 and t.role = 'assistant' and not said.working and said.text <> ''
       order by t.seq desc limit $2)
     select * from (
       select at, coalesce(p.name, author) as author, author_class as "authorClass", text
       from heard left join person p on p.team = heard.team and p.id = heard.author
       union all
       select at, 'you', 'agent', text from answered
     ) said_here order by at desc limit $2`,
    [session, limit],
  );
  return rows.reverse();
}
