import type { SessionId } from '../../contracts/ids.ts';
import type { Queryable } from '../../store/database.ts';

export interface TestPlace {
  readonly id: string;
  readonly session: SessionId;
  readonly runner: string;
  /** The turn that works in it; null for one that rests. */
  readonly turn: number | null;
}

/** Places a session's sandbox where the test wants it, without asking or granting. */
export async function placedSandbox(db: Queryable, { id, session, runner, turn }: TestPlace): Promise<void> {
  await db.query(
    `insert into sandbox (id, session, runner, working_turn) values ($1, $2, $3, $4)
     on conflict (session) do update set id = excluded.id, runner = excluded.runner, working_turn = excluded.working_turn,
       has_workspace = sandbox.has_workspace and sandbox.runner = excluded.runner,
       state = case when sandbox.state = 'removed' or sandbox.runner <> excluded.runner then 'placed' else sandbox.state end,
       reaper_claim = null, changed_at = now()`,
    [id, session, runner, turn],
  );
}
