/**
 * Messages that Slack shows growing while a model writes them (docs.slack.dev, chat.startStream). Only in one-to-one direct messages; the
 * sender is slack/sending/send-stream.ts.
 */
import { type SessionId, threadOf, turnIdOf } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import { type AnswerBody, type GoneBody, type StreamBody, TAKEN_OUT } from './outbox.ts';
import { type Claim, GIVE_BACK, type OutboxRow } from './outbox-claims.ts';
import { storableJson } from './storable.ts';

interface TurnRef {
  readonly session: SessionId;
  readonly turn: number;
}

const START = 'chat.startStream';
/** The outcome of a later beginning is known by then. */
const LATER_MS = 2_000;
/**
 * So many messages of a workspace grow at a time. Each has to be stopped once, and Slack takes some twenty stops a minute. When all their
 * models end at the same moment, every stop finds a token, and no answer waits for one.
 */
const MOST_OPEN = 12;

/** Whether what a model writes in this thread is shown growing. Slack's ids of one-to-one direct messages begin with D. */
export async function growsIn(db: Queryable, session: SessionId): Promise<boolean> {
  const { team, channel } = threadOf(session);
  if (!channel.startsWith('D')) return false;
  const { rows } = await db.query<{ grows: boolean }>(
    `select not exists (select 1 from slack_refusal where team = $1 and method = $2 and until > now())
       and (exists (select 1 from outbox where session = $3 and stream is not null and not final)
            or (select count(*) from (select 1 from outbox where team = $1 and stream in ('open', 'blind') limit $4) open) < $4) as grows`,
    [team, START, session, MOST_OPEN],
  );
  return rows[0]?.grows ?? false;
}

/**
 * Notes that Slack does not offer growing messages to this workspace.
 * @param hours after which it is asked again
 */
export async function noteNotOffered(db: Queryable, team: string, code: string, hours: number): Promise<void> {
  await db.query(
    `insert into slack_refusal (team, method, code, until) values ($1, $2, $3, now() + $4 * interval '1 hour')
     on conflict (team, method) do update set code = excluded.code, until = excluded.until`,
    [team, START, code, hours],
  );
}

/**
 * Writes what a model call has said so far. Why none is begun after the end of its turn:
 * 1. The write reads that the turn runs, and holds that row until it is done.
 * 2. The transaction that ends the turn changes that row first, and what grows in the thread after it.
 * 3. When the end comes first, the write waits for it, and then finds that the turn does not run.
 * Therefore the end finds every message that grows, or no more is begun.
 */
export async function putStream(db: Queryable, { session, turn }: TurnRef, body: StreamBody): Promise<void> {
  const { team, channel, threadTs } = threadOf(session);
  const { rowCount } = await db.query(
    `with running as (select 1 from turn where session = $1 and number = $2 and state = 'running' for share)
     insert into outbox (key, kind, team, channel, thread_ts, body, stream)
     select $3, 'message', $4, $5, $6, $7, 'new' from running
     where not exists (select 1 from outbox later where later.session = $1 and later.stream is not null and not later.final
                       and starts_with(later.key, $8) and (later.body ->> 'step')::int > $9)
     on conflict (key) do update
     set body = excluded.body, revision = outbox.revision + 1, queued = false
     where not outbox.final and outbox.failed is null and outbox.body ->> 'text' <> excluded.body ->> 'text'`,
    [
      ...[session, turn, `${turnIdOf(session, turn)}/stream/${body.step}`, team, channel, threadTs, storableJson(body)],
      ...[`${turnIdOf(session, turn)}/stream/`, body.step],
    ],
  );
  if (rowCount === 1) db.wake('bellhop_outbox');
}

/**
 * Takes out what grows in the thread, of model calls before a step: they have ended in tool calls, so what they wrote was no answer. One
 * that Slack does not show, and that no sender has in hand, is done with this.
 * @param before only of that turn, so that a late call of an earlier turn takes nothing from this one. Default all of them
 */
export async function endStreams(
  db: Queryable,
  session: SessionId,
  before?: { readonly turn: number; readonly step: number },
): Promise<void> {
  const body: GoneBody = { kind: 'gone' };
  const { rowCount } = await db.query(
    `update outbox
     set body = $2, ${TAKEN_OUT}
     where session = $1 and stream is not null and not final
       and ($3::int is null or ((body ->> 'step')::int < $3 and starts_with(key, $4)))`,
    [session, storableJson(body), before?.step ?? null, before ? `${turnIdOf(session, before.turn)}/stream/` : null],
  );
  if ((rowCount ?? 0) > 0) db.wake('bellhop_outbox');
}

/**
 * Makes what grows in the thread the turn's answer: the same message in Slack, from now on under the answer's key. Only one that Slack is
 * known to show. False when there is none; then the answer is a new message.
 */
export async function becomeAnswer(
  db: Queryable,
  { session, turn }: TurnRef,
  key: string,
  body: AnswerBody,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update outbox
     set key = $3, body = $4, final = true, revision = revision + 1, failed = null, queued = false, not_before = now()
     where id = (select id from outbox
                 where session = $1 and stream in ('open', 'blind') and not final and starts_with(key, $2)
                 order by (body ->> 'step')::int desc limit 1 for update)`,
    [session, `${turnIdOf(session, turn)}/stream/`, key, storableJson(body)],
  );
  if (rowCount !== 1) return false;
  db.wake('bellhop_outbox');
  return true;
}

/**
 * Notes that Slack has begun the message at `slackTs`, with this text. It may come late:
 * 1. A sender is about to begin the message, and freezes. Another sender looks and finds no message.
 * 2. The turn has ended by then, and the row is done; or the other sender begins the message.
 * 3. The first sender wakes up and begins it too.
 * Therefore a row that is not wanted by now becomes due again, so that its message is deleted; and where the row has another message, this
 * one gets a row of its own, which deletes it.
 */
export async function markBegun(
  db: Queryable,
  row: Claim & Pick<OutboxRow, 'revision'>,
  begun: { readonly slackTs: string; readonly text: string; readonly pauseMs: number },
): Promise<void> {
  await db.query(
    `with noted as (
       update outbox set
         sent_revision = case when body ->> 'kind' = 'gone' then $3 else greatest(sent_revision, $3) end,
         slack_ts = coalesce(slack_ts, $4), stream = 'open', streamed = $5, unsure = unsure and claim is distinct from $2, attempts = 0, sent_at = now(), queued = false,
         claim = nullif(claim, $2), claimed_until = case when claim = $2 then null else claimed_until end,
         not_before = case when final then now() else now() + $6 * interval '1 millisecond' end
       where id = $1 and stream = 'new'
       returning id)
     insert into outbox (key, kind, team, channel, thread_ts, body, final, slack_ts, stream, revision, sent_revision)
     select key || '/late/' || $4, 'message', team, channel, thread_ts, '{"kind": "gone"}', true, $4, 'blind', 2, 1
     from outbox where id = $1 and slack_ts is distinct from $4 and not exists (select from noted)
     on conflict (key) do nothing`,
    [row.id, row.claim, row.revision, begun.slackTs, begun.text, begun.pauseMs],
  );
  db.wake('bellhop_outbox');
}

/**
 * Notes what a look has shown about a beginning whose outcome was not known. `unmarked` are messages of the thread that may be it, newest
 * first. It is the first of them that belongs to no other row: a message of an earlier turn stays without a mark when Slack has ended it by
 * itself. When there is none, it never arrived.
 *
 * The newest message may be the beginning of a later row that is not noted yet. So a row waits while a later one of its thread is unsure.
 */
export async function markBegunUnseen(db: Queryable, row: Claim, unmarked: readonly string[]): Promise<void> {
  await db.query(
    `with found as (
       select ts from unnest($3::text[]) with ordinality as given (ts, nth)
       where not exists (select 1 from outbox other
                         where other.slack_ts = given.ts and other.kind <> 'reaction' and other.id <> $1)
       order by nth limit 1),
     later as (
       select 1 from outbox other join outbox mine on mine.id = $1
       where other.session = mine.session and other.stream = 'new' and other.unsure and other.id > $1 limit 1)
     update outbox set
       slack_ts = case when exists (select from later) then null else (select ts from found) end,
       unsure = exists (select from later),
       stream = case when exists (select from found) and not exists (select from later) then 'blind' else stream end,
       ${GIVE_BACK},
       not_before = case when exists (select from later) then now() + $4 * interval '1 millisecond' else now() end
     where id = $1 and claim = $2`,
    [row.id, row.claim, unmarked, LATER_MS],
  );
}

/** Notes that Slack has this text. Null: nothing is added to it any more, because nobody knows what Slack has, or it takes no more. */
export async function markGrown(
  db: Queryable,
  row: Claim & Pick<OutboxRow, 'revision'>,
  text: string | null,
  pauseMs: number,
): Promise<void> {
  await db.query(
    `update outbox set sent_revision = greatest(sent_revision, $3), stream = case when $4::text is null then 'blind' else stream end,
       streamed = $4, unsure = false, attempts = 0, sent_at = now(), ${GIVE_BACK},
       not_before = case when final then now() else now() + $5 * interval '1 millisecond' end
     where id = $1 and claim = $2 and stream in ('open', 'blind')`,
    [row.id, row.claim, row.revision, text, pauseMs],
  );
}

/** Notes that the message does not grow any more. The next claim edits or deletes it, as any other message. */
export async function markStopped(db: Queryable, row: Claim): Promise<void> {
  await db.query(
    `update outbox set stream = 'ended', streamed = null, unsure = false, attempts = 0, ${GIVE_BACK},
       not_before = now()
     where id = $1 and claim = $2`,
    [row.id, row.claim],
  );
}

/** The message was never begun, and is not begun any more: Slack has refused it. */
export async function giveUpStream(db: Queryable, row: Claim): Promise<void> {
  await db.query(
    `update outbox set final = true, body = '{"kind": "gone"}', sent_revision = revision, stream = 'ended', unsure = false,
       ${GIVE_BACK}
     where id = $1 and claim = $2 and slack_ts is null`,
    [row.id, row.claim],
  );
}

/** Slack says that the message still grows, though its stop was refused. It is stopped again after a pause, without any text. */
export async function stopAgain(db: Queryable, row: Claim, pauseMs: number): Promise<void> {
  await db.query(
    `update outbox set stream = 'blind', streamed = null, ${GIVE_BACK},
       not_before = now() + $3 * interval '1 millisecond'
     where id = $1 and claim = $2`,
    [row.id, row.claim, pauseMs],
  );
}
