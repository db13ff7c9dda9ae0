import { sessionIdOf } from '../../contracts/ids.ts';
import type { Database } from '../../store/database.ts';
import type { PlaceAsk } from '../../store/places.ts';
import { beat } from '../../store/runners.ts';

export interface ManyPlaces {
  /** Old threads whose files are kept on one of two runners. */
  readonly sessions: number;
  /** Turns that need a place. */
  readonly turns: number;
  /** Channels of these turns. */
  readonly channels: number;
  /** Places of each of the two runners. */
  readonly places: number;
}

/** Seeds two ready runners with many old threads, and turns in some channels. Returns what the turns ask for. */
export async function seedManyPlaces(
  database: Database,
  { sessions, turns, channels, places }: ManyPlaces,
): Promise<PlaceAsk[]> {
  await database.query(`
    insert into session (id, team, channel, thread_ts, scope, principal, agent_uid)
    select 'slack:T1:C' || n % 500 || ':1.' || n, 'T1', 'C' || n % 500, '1.' || n, 's', 'p', 800000000 + n
    from generate_series(1, ${sessions}) n;
    insert into sandbox (id, session, runner, state, has_workspace)
    select 'old' || n, 'slack:T1:C' || n % 500 || ':1.' || n, 'r' || 1 + n % 2, 'removed', true
    from generate_series(1, ${sessions}) n;
    insert into session (id, team, channel, thread_ts, scope, principal, agent_uid)
    select 'slack:T1:N' || n % ${channels} || ':1.' || n, 'T1', 'N' || n % ${channels}, '1.' || n, 's', 'p', 700000000 + n
    from generate_series(1, ${turns}) n;
    insert into turn (session, number, claim, requester)
    select 'slack:T1:N' || n % ${channels} || ':1.' || n, 1, 'c' || n, 'U1' from generate_series(1, ${turns}) n;`);
  await database.query('analyze');
  for (const id of ['r1', 'r2']) await beat(database, { id, capacity: places, runtime: 'runc', lacks: [] });
  return Array.from({ length: turns }, (_, n) => ({
    session: sessionIdOf({ team: 'T1', channel: `N${(n + 1) % channels}`, threadTs: `1.${n + 1}` }),
    turn: 1,
    needed: true,
  }));
}
