import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';

/** A pull request or a branch of a repository. */
export interface WorkRef {
  /** `owner/name`, in any letters. */
  readonly repository: string;
  readonly wanted: { readonly pullRequest: number } | { readonly branch: string };
}

/**
 * The thread whose work a pull request or branch is, by the egress events: the one that opened the pull request, or
 * pushed the branch first. Null when no event that is kept tells.
 */
export async function findWork(db: Queryable, { repository, wanted }: WorkRef): Promise<SessionId | null> {
  const number = 'pullRequest' in wanted ? wanted.pullRequest : null;
  const ref = 'branch' in wanted ? `refs/heads/${wanted.branch}` : null;
  const { rows } = await db.query<{ session: SessionId }>(
    `select session from egress_event
     where lower(repository) = lower($1) and (ref is not null or pull_request is not null)
       and outcome <> 'blocked' and operation <> 'read' and session is not null
       and (pull_request = $2 or $3 = any(string_to_array(ref, ' ')))
     order by operation = 'open-pull-request' desc, at limit 1`,
    [repository, number, ref],
  );
  return rows[0]?.session ?? null;
}
