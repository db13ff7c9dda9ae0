import type { Queryable } from './database.ts';

/** The time by the database's clock. Use it for moments that several processes compare. */
export async function databaseTime(db: Queryable): Promise<Date> {
  const { rows } = await db.query<{ now: Date }>('select clock_timestamp() as now');
  if (!rows[0]) throw new Error('PostgreSQL did not tell the time');
  return rows[0].now;
}
