import type { Queryable } from './database.ts';

/** The newest request of a kind that concerned a connection. */
export interface ConnectionUse {
  readonly at: Date;
  readonly code: string;
  /** Status that the sandbox received. */
  readonly status: number | null;
  readonly host: string;
}

export interface ConnectionUses {
  readonly used: ConnectionUse | null;
  readonly refused: ConnectionUse | null;
}

/**
 * When each connection was last used and last refused. Two looks into an index for each connection, however many events
 * there are.
 */
export async function connectionUses(
  db: Queryable,
  connections: readonly string[],
): Promise<Map<string, ConnectionUses>> {
  const { rows } = await db.query<{ connection: string } & ConnectionUses>(
    `select wanted.connection, used.event as used, refused.event as refused
     from unnest($1::text[]) as wanted (connection)
     left join lateral (
       select jsonb_build_object('at', at, 'code', code, 'status', status, 'host', host) as event
       from egress_event where connection = wanted.connection and outcome = 'injected' order by at desc limit 1
     ) used on true
     left join lateral (
       select jsonb_build_object('at', at, 'code', code, 'status', status, 'host', host) as event
       from egress_event where connection = wanted.connection and outcome = 'blocked' order by at desc limit 1
     ) refused on true`,
    [connections],
  );
  return new Map(
    rows.map(({ connection, used, refused }) => [connection, { used: dated(used), refused: dated(refused) }]),
  );
}

function dated(use: ConnectionUse | null): ConnectionUse | null {
  return use && { ...use, at: new Date(use.at) };
}
