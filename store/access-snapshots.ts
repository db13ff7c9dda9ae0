import type { EffectiveAccess } from '../access/decision.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';

/** Keeps effective access as it was when a turn began, once for each turn. The proxy never decides by it. */
export async function takeSnapshot(
  db: Queryable,
  session: SessionId,
  turn: number,
  access: EffectiveAccess,
): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    `with taken as (
       insert into access_snapshot (session, turn, policy_version, access)
       select $1, $2, $3, $4 where not exists (select 1 from access_snapshot where session = $1 and turn = $2)
       returning id)
     select id from taken union all select id from access_snapshot where session = $1 and turn = $2 limit 1`,
    [session, turn, access.policyVersion, JSON.stringify(access)],
  );
  const id = rows[0]?.id;
  if (!id) throw new Error(`no snapshot for ${session}/${turn}`);
  await db.query('update turn set snapshot = $3 where session = $1 and number = $2', [session, turn, id]);
  return id;
}

/** The access a turn began with. */
export async function snapshotOf(db: Queryable, session: SessionId, turn: number): Promise<EffectiveAccess | null> {
  const { rows } = await db.query<{ access: EffectiveAccess }>(
    'select access from access_snapshot where session = $1 and turn = $2',
    [session, turn],
  );
  return rows[0]?.access ?? null;
}
