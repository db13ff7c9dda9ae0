import type { Queryable } from '../../../../store/database.ts';

export const DAY_MS = 24 * 3_600_000;
export const USED_THREAD = 'slack:T1:C1:1.0';

/** One day of an installation: a thread that is used on that day only, and one that is used every day. */
export async function live(db: Queryable, day: Date): Promise<void> {
  const sql = (text: string, values: unknown[]) => db.query(text, values);
  const ts = `${Math.floor(day.getTime() / 1000)}.000100`;
  const todays = `slack:T1:C1:${ts}`;
  const turn = Math.round(day.getTime() / DAY_MS);
  await sql(`insert into person (team, id, name, class, seen_at) values ('T1', 'U' || $1, 'Ann', 'member', $2)`, [
    ts,
    day,
  ]);
  await sql(`insert into channel (team, id, name, kind, seen_at) values ('T1', 'D' || $1, '', 'im', $2)`, [ts, day]);
  await sql(`insert into rate_bucket (team, method, channel, tokens, refilled_at) values ('T1', 'm', $1, 1, $2)`, [
    ts,
    day,
  ]);
  await sql(`insert into inbox_served (team, channel, served_at) values ('T1', $1, $2)`, [ts, day]);
  await sql(`insert into outbox_lane (team, method, channel, turn_at) values ('T1', 'm', $1, $2)`, [ts, day]);
  await sql(`insert into runner (id, capacity, runtime, beat_at) values ($1, 1, 'runc', $2)`, [ts, day]);
  await sql(`insert into policy (version, document, source, applied_by, applied_at) values ($1, '{}', '', 'me', $2)`, [
    turn,
    day,
  ]);
  for (const session of [todays, USED_THREAD]) {
    const [, team, channel, threadTs] = session.split(':');
    await sql(
      `insert into session (id, team, channel, thread_ts, scope, principal, state, changed_at)
       values ($1, $2, $3, $4, 's', 'p', 'closed', $5) on conflict (id) do update set changed_at = $5`,
      [session, team, channel, threadTs, day],
    );
    await sql(
      `insert into sandbox (id, session, runner, state, changed_at) values (md5($1), $1, 'r', 'removed', $2) on conflict do nothing`,
      [session, day],
    );
    await sql(
      `insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, address, state, turn, received_at, delivered_at)
       select gen_random_uuid(), kind, $1, $2, $3, $4 || kind || $3, 'U1', 'mention', 'delivered', turn, $5, $5
       from (values ('message', $6::int), ('stop', null)) as entry (kind, turn)`,
      [team, channel, threadTs, ts, day, turn],
    );
    await sql(
      `insert into outbox (key, kind, team, channel, thread_ts, body, sent_revision, created_at)
       values ($1, 'message', $2, $3, $4, '{}', 1, $5)`,
      [`${session}/${turn}/answer`, team, channel, threadTs, day],
    );
    await sql(
      `insert into turn (session, number, claim, requester, state, started_at, ended_at) values ($1, $2, $3, 'U1', 'answered', $4, $4)`,
      [session, turn, `${session}/${turn}`, day],
    );
    await sql(
      `insert into access_snapshot (session, turn, policy_version, access, taken_at) values ($1, $2, 1, '{}', $3)`,
      [session, turn, day],
    );
    await sql(
      `insert into step (session, turn, number, kind, state, output, started_at, ended_at)
       select $1, $2, n, 'tool', 'done', 'x', $3, $3 from generate_series(1, 3) n`,
      [session, turn, day],
    );
    await sql(
      `insert into transcript (session, turn, role, content, at) select $1, $2, 'user', '{}', $3 from generate_series(1, 3)`,
      [session, turn, day],
    );
    // A long transcript is summarised once a week.
    if (turn % 7 === 0) {
      await sql(
        `insert into transcript (session, turn, role, content, at)
         select $1, $2, 'summary', jsonb_build_object('upTo', max(seq)), $3 from transcript where session = $1`,
        [session, turn, day],
      );
    }
    await sql(
      `insert into question (session, key, asked, state, asked_at, expires_at, closed_at) values ($1, $3, '{}', 'expired', $2, $2, $2)`,
      [session, day, `${session}/confirm/${turn}`],
    );
    await sql(`insert into held_back (session, owner, actor, kind, ts, at) values ($1, 'U1', 'U2', 'edit', $2, $3)`, [
      session,
      ts,
      day,
    ]);
    await sql(
      `insert into question (session, turn, key, asked, state, asked_at, expires_at, closed_at)
       values ($1, $2, $4, '{}', 'withdrawn', $3, $3, $3)`,
      [session, turn, day, `${session}/${turn}/2/question/q`],
    );
    await sql(
      `insert into model_usage (session, turn, step, principal, channel, model, input_tokens, output_tokens, at)
       values ($1, $2, 1, 'p', 'C1', 'm', 1, 1, $3)`,
      [session, turn, day],
    );
    await sql(
      `with made as (
         insert into file (session, name, size, direction, placed_in, at)
         values ($1, 'a', 1, 'in', md5($1), $2), ($1, 'b', 1, 'out', null, $2) returning id)
       insert into file_chunk (file, seq, bytes) select id, 0, 'x' from made`,
      [session, day],
    );
    await sql(
      `insert into egress_event (id, at, sandbox, session, turn, outcome, code, reason, method, scheme, host, port, path, bytes_out,
         bytes_in, duration_ms, transport, stored_at)
       select gen_random_uuid(), $3, md5($1), $1, $2, 'forwarded', 'c', 'r', 'GET', 'https', 'h', 443, '/', 1, 1, 1, 'plain', $3
       from generate_series(1, 4)`,
      [session, turn, day],
    );
  }
}
