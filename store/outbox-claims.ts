import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import type { EphemeralBody, FileBody, MessageBody, ReactionBody, StatusBody } from './outbox.ts';

interface Common {
  readonly id: string;
  readonly key: string;
  /** The opaque mark in the metadata of a posted message. */
  readonly mark: string;
  readonly team: string;
  readonly channel: string;
  readonly threadTs: string | null;
  readonly session: SessionId | null;
  readonly revision: number;
  readonly final: boolean;
  readonly attempts: number;
  readonly slackTs: string | null;
  readonly slackFile: string | null;
  readonly uploadUrl: string | null;
  readonly unsure: boolean;
  readonly createdAt: Date;
  /** Names this holding of the row; `holdOutbox` exchanges it for a new one. */
  readonly claim: string;
}

/** A row of the outbox that one sender holds for a while. */
export type OutboxRow = Common &
  (
    | { readonly kind: 'message'; readonly body: MessageBody }
    | { readonly kind: 'reaction'; readonly body: ReactionBody }
    | { readonly kind: 'status'; readonly body: StatusBody }
    | { readonly kind: 'file'; readonly body: FileBody }
    | { readonly kind: 'ephemeral'; readonly body: EphemeralBody }
  );
export type OutboxOf<Kind extends OutboxRow['kind']> = Extract<OutboxRow, { kind: Kind }>;

interface Row {
  id: string;
  key: string;
  mark: string;
  kind: OutboxRow['kind'];
  team: string;
  channel: string;
  thread_ts: string | null;
  session: SessionId | null;
  body: unknown;
  revision: number;
  final: boolean;
  attempts: number;
  slack_ts: string | null;
  slack_file: string | null;
  upload_url: string | null;
  unsure: boolean;
  created_at: Date;
  claim: string;
}

const COLUMNS = `id, key, mark, kind, team, channel, thread_ts, session, body, revision, final, attempts, slack_ts,
  slack_file, upload_url, unsure, created_at, claimed_until::text as claim`;

/** A first post waits for earlier first posts of its thread, but not for ever. */
const IN_ORDER = `not (o.kind in ('message', 'file') and o.slack_ts is null and exists (
  select 1 from outbox e where e.team = o.team and e.channel = o.channel and e.thread_ts = o.thread_ts and e.id < o.id
    and e.kind in ('message', 'file') and e.sent_revision = 0 and e.failed is null
    and e.created_at > now() - interval '10 minutes'))`;

/**
 * Takes rows that Slack does not show as wanted yet, reactions and final answers first, and keeps others from
 * taking them for `leaseMs`.
 */
export async function claimOutbox(db: Queryable, limit: number, leaseMs: number): Promise<OutboxRow[]> {
  const { rows } = await db.query<Row>(
    `update outbox set claimed_until = now() + $2 * interval '1 millisecond', attempts = attempts + 1
     where id in (
       select o.id from outbox o
       where o.sent_revision < o.revision and o.failed is null and o.not_before <= now()
         and (o.claimed_until is null or o.claimed_until <= now()) and ${IN_ORDER}
       order by o.kind not in ('reaction', 'status'), o.final desc, o.id limit $1 for update skip locked)
     returning ${COLUMNS}`,
    [limit, leaseMs],
  );
  return rows.map(toRow).sort(bySendingOrder);
}

/**
 * The row as it is now, held for another `leaseMs`; null if it is no longer ours. Asked before everything that
 * cannot be taken back, so that no two senders do it. `unsure` remembers that the outcome may stay unknown.
 */
export async function holdOutbox(
  db: Queryable,
  row: OutboxRow,
  leaseMs: number,
  unsure?: boolean,
): Promise<OutboxRow | null> {
  const { rows } = await db.query<Row>(
    `update outbox set claimed_until = now() + $3 * interval '1 millisecond', unsure = coalesce($4, unsure)
     where id = $1 and claimed_until::text = $2 returning ${COLUMNS}`,
    [row.id, row.claim, leaseMs, unsure ?? null],
  );
  return rows[0] ? toRow(rows[0]) : null;
}

/** The outcome is known now. */
export async function markUnsure(db: Queryable, id: string, unsure: boolean): Promise<void> {
  await db.query('update outbox set unsure = $2 where id = $1', [id, unsure]);
}

/** The message is there: whoever goes on with this row changes it instead of posting. */
export async function foundInSlack(db: Queryable, id: string, slackTs: string): Promise<void> {
  await db.query('update outbox set slack_ts = $2, unsure = false where id = $1', [id, slackTs]);
}

/** Somebody deleted it in Slack: the next attempt posts anew. */
export async function goneFromSlack(db: Queryable, id: string): Promise<void> {
  await db.query(
    'update outbox set slack_ts = null, unsure = false, sent_revision = 0, claimed_until = null where id = $1',
    [id],
  );
}

/** Remembers an upload before its file is shared, so that a repeated attempt goes on with it; nulls forget it. */
export async function keepUpload(db: Queryable, id: string, file: string | null, url: string | null): Promise<void> {
  await db.query('update outbox set slack_file = $2, upload_url = $3, unsure = false where id = $1', [id, file, url]);
}

/** Slack shows `revision`. The next change of the same row waits for `pauseMs`, unless it is the final one. */
export async function markSent(
  db: Queryable,
  id: string,
  revision: number,
  slackTs: string | null,
  pauseMs: number,
): Promise<void> {
  await db.query(
    `update outbox set sent_revision = greatest(sent_revision, $2), slack_ts = coalesce($3, slack_ts), unsure = false,
       attempts = 0, claimed_until = null, sent_at = now(),
       not_before = case when final and revision > $2 then now() else now() + $4 * interval '1 millisecond' end
     where id = $1`,
    [id, revision, slackTs, pauseMs],
  );
}

/**
 * Gives the row back after `revision` was not sent; nobody takes it before `ms` are over. A final revision that came
 * meanwhile does not wait, unless somebody has to look first what became of a post.
 */
export async function postponeSending(db: Queryable, id: string, revision: number, ms: number): Promise<void> {
  await db.query(
    `update outbox set claimed_until = null,
       not_before = case when final and revision > $2 and not unsure then not_before
                         else now() + $3 * interval '1 millisecond' end
     where id = $1`,
    [id, revision, ms],
  );
}

/** Slack will never take this revision; a later one is another matter. `code` is Slack's error, for operators. */
export async function markFailed(db: Queryable, id: string, revision: number, code: string): Promise<void> {
  await db.query('update outbox set failed = case when revision = $2 then $3 end, claimed_until = null where id = $1', [
    id,
    revision,
    code,
  ]);
}

function bySendingOrder(a: OutboxRow, b: OutboxRow): number {
  return BigInt(a.id) < BigInt(b.id) ? -1 : 1;
}

function toRow(row: Row): OutboxRow {
  return {
    id: row.id,
    key: row.key,
    mark: row.mark,
    kind: row.kind,
    team: row.team,
    channel: row.channel,
    threadTs: row.thread_ts,
    session: row.session,
    body: row.body,
    revision: row.revision,
    final: row.final,
    attempts: row.attempts,
    slackTs: row.slack_ts,
    slackFile: row.slack_file,
    uploadUrl: row.upload_url,
    unsure: row.unsure,
    createdAt: row.created_at,
    claim: row.claim,
  } as OutboxRow;
}
