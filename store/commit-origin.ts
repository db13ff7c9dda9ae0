import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import { rowMissing } from './errors.ts';

/** Where a commit of a turn comes from. */
export interface CommitOrigin {
  /** Link to the thread. Null when Slack gave none. */
  readonly permalink: string | null;
  /** The name of who asked for the work, and the id in Slack. */
  readonly requester: string;
  /** Who asked, as an author who has no account at a forge: `Ada <U0123@slack.invalid>`. */
  readonly author: string;
}

/** @throws StoreError `RowMissing` */
export async function commitOrigin(db: Queryable, session: SessionId, turn: number): Promise<CommitOrigin> {
  const { rows } = await db.query<CommitOrigin>(
    `select session.permalink,
       case when person.name is null then turn.requester else person.name || ' (' || turn.requester || ')' end as requester,
       coalesce(nullif(trim(regexp_replace(person.name, '[<>[:cntrl:]]', ' ', 'g')), ''), turn.requester)
         || ' <' || turn.requester || '@slack.invalid>' as author
     from turn join session on session.id = turn.session
     left join person on person.team = session.team and person.id = turn.requester
     where turn.session = $1 and turn.number = $2`,
    [session, turn],
  );
  if (!rows[0]) throw rowMissing(`turn ${session}/${turn}`);
  return rows[0];
}
