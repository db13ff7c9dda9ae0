/** The model that people have chosen for one thread. */
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';

/**
 * Keeps a choice; of two at once, the last one counts. It may come before the thread has a session, so it is no column of that.
 *
 * @param model a name of the access file. Null: the usual one again
 */
export async function chooseThreadModel(
  db: Queryable,
  session: SessionId,
  model: string | null,
  by: string,
): Promise<void> {
  if (model === null) {
    await db.query('delete from thread_model where session = $1', [session]);
    return;
  }
  await db.query(
    `insert into thread_model (session, model, chosen_by) values ($1, $2, $3)
     on conflict (session) do update set model = excluded.model, chosen_by = excluded.chosen_by, chosen_at = now()`,
    [session, model, by],
  );
}

/** The name that was chosen. Null: none. */
export async function threadModelOf(db: Queryable, session: SessionId): Promise<string | null> {
  const { rows } = await db.query<{ model: string }>('select model from thread_model where session = $1', [session]);
  return rows[0]?.model ?? null;
}
