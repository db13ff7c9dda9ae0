import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import type { EphemeralBody, FileBody, MessageBody, ReactionBody, StatusBody } from './outbox.ts';
import type { BucketSize } from './rate-bucket.ts';

interface Common {
  readonly id: string;
  readonly key: string;
  /** A random mark in the metadata of a posted message, by which the message can be found again. */
  readonly mark: string;
  readonly team: string;
  readonly channel: string;
  readonly threadTs: string | null;
  readonly session: SessionId | null;
  readonly revision: number;
  readonly final: boolean;
  readonly slackTs: string | null;
  /** Slack's id of the file, once Slack has its bytes. */
  readonly slackFile: string | null;
  readonly unsure: boolean;
  /** How far Slack shows it growing (streams.ts). Null: it never did. */
  readonly stream: 'new' | 'open' | 'blind' | 'ended' | null;
  /** The text that Slack has of one that is `open`. */
  readonly streamed: string | null;
  /** True when Slack refused the blocks of this revision, so that it is sent as plain text. */
  readonly plain: boolean;
  /** Failed attempts in a row. */
  readonly attempts: number;
  readonly uploadFailures: number;
  readonly looks: number;
  readonly createdAt: Date;
  /** The first message of its thread was deleted: nothing is posted there any more. */
  readonly threadGone: boolean;
  /** The Slack API method for which the claim was granted. Its token is taken already. */
  readonly method: string;
  /** The id of this claim. */
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
/**
 * A row and the claim of its sender. A write with an old claim, after another sender has taken the row, changes
 * nothing.
 */
export type Claim = Pick<OutboxRow, 'id' | 'claim'>;

const COLUMNS = `id, key, mark, kind, team, channel, thread_ts as "threadTs", session, body, revision, final,
  slack_ts as "slackTs", slack_file as "slackFile", stream, streamed, unsure, plain, attempts, upload_failures as "uploadFailures", looks,
  created_at as "createdAt", method, claim,
  exists (select 1 from session where session.id = outbox.session and session.root_deleted_at is not null) as "threadGone"`;
/** Gives the row back. It is due again at `not_before`. */
export const GIVE_BACK = 'claim = null, claimed_until = null, queued = false';

/** The bucket of one method, as `claimOutbox` needs it. */
export interface SendingLimit extends BucketSize {
  readonly method: string;
  /** Tokens that are left to answers. */
  readonly reserve: number;
  /** Tokens of a channel that the first posts of live lines leave. @default reserve */
  readonly liveReserve?: number;
  /** Each channel has a bucket of its own. */
  readonly perChannel: boolean;
}

export interface ClaimOptions {
  readonly team: string;
  /** The most important method comes first. No row is claimed for a method that is not listed. */
  readonly limits: readonly SendingLimit[];
  /** The most rows to claim. */
  readonly room: number;
  /** The part of `room` that only answers may use. */
  readonly spare: number;
  readonly leaseMs: number;
}

/**
 * Takes tokens of Slack's rate limits and one row for each of them, and keeps other senders from these rows for
 * `leaseMs`. Channels take turns: the one that was served longest ago is next. Inside a channel answers come first,
 * then notices, live lines, reactions and status lines. A row whose limit has no token is not claimed.
 *
 * The claim answers with ids only, and the rows are read after it, for this reason:
 * 1. PostgreSQL sends the answer of a statement before it commits, and keeps the statement's locks meanwhile.
 * 2. Thirty long answers do not fit into the buffers of a connection. When the gateway freezes, PostgreSQL waits to send the
 *    rest, and no limit of time ends that.
 * 3. Every other gateway waits for the lock of `claim_outbox`, and nothing is sent.
 * Therefore the statement that takes the lock has a short answer, which always fits.
 */
export async function claimOutbox(db: Queryable, options: ClaimOptions): Promise<OutboxRow[]> {
  const limits = options.limits.map(({ method, capacity, perSecond, reserve, liveReserve = reserve, perChannel }) => {
    return { method, capacity, per_second: perSecond, reserve, live_reserve: liveReserve, per_channel: perChannel };
  });
  const { rows: claims } = await db.query<{ id: string; claim: string; method: string }>(
    `select id, claim, method from claim_outbox($1, $2, $3, $4, $5 * interval '1 millisecond')`,
    [options.team, JSON.stringify(limits), options.room, options.spare, options.leaseMs],
  );
  if (claims.length === 0) return [];
  const { rows } = await db.query<OutboxRow>(
    `select ${COLUMNS} from unnest($1::bigint[], $2::uuid[], $3::text[]) with ordinality as claimed (of_id, of_claim, of_method, nth)
     join outbox on id = of_id and claim = of_claim and method = of_method order by nth`,
    [claims.map(({ id }) => id), claims.map(({ claim }) => claim), claims.map(({ method }) => method)],
  );
  if (rows.length < claims.length) await giveOthersBack(db, claims);
  return rows;
}

/** A row that has changed since its claim needs another call by now: an answer that grew is to be stopped. It must not wait for the lease. */
async function giveOthersBack(
  db: Queryable,
  claims: readonly { readonly id: string; readonly claim: string; readonly method: string }[],
): Promise<void> {
  await db.query(
    `update outbox set ${GIVE_BACK} from unnest($1::bigint[], $2::uuid[], $3::text[]) as claimed (of_id, of_claim, of_method)
     where id = of_id and claim = of_claim and method <> of_method`,
    [claims.map(({ id }) => id), claims.map(({ claim }) => claim), claims.map(({ method }) => method)],
  );
}

/**
 * Extends the claim by `leaseMs`. False when another sender has the row. Call it before each step that cannot be
 * undone, so that two senders never do it both. `unsure` notes that the outcome of the step may stay unknown.
 */
export async function holdOutbox(db: Queryable, row: Claim, leaseMs: number, unsure?: boolean): Promise<boolean> {
  const { rowCount } = await db.query(
    `update outbox set claimed_until = now() + $3 * interval '1 millisecond', unsure = coalesce($4, unsure)
     where id = $1 and claim = $2`,
    [row.id, row.claim, leaseMs, unsure ?? null],
  );
  return rowCount === 1;
}

/** Notes that the call certainly had no effect. */
export async function markSure(db: Queryable, row: Claim): Promise<void> {
  await db.query('update outbox set unsure = false where id = $1 and claim = $2', [row.id, row.claim]);
}

/** Notes what a look in Slack has shown about an unsure post: it is there at `slackTs`, or it never arrived (null). */
export async function markLooked(db: Queryable, row: Claim, slackTs: string | null): Promise<void> {
  await db.query(`update outbox set slack_ts = $3, unsure = false, ${GIVE_BACK} where id = $1 and claim = $2`, [
    row.id,
    row.claim,
    slackTs,
  ]);
}

/**
 * Notes that a look did not find an unsure file. It is looked for again, and after `most` looks it counts as not sent.
 */
export async function fileNotSeen(db: Queryable, row: Claim, most: number, pauseMs: number): Promise<void> {
  await db.query(
    `update outbox set unsure = looks + 1 < $3, looks = case when looks + 1 < $3 then looks + 1 else 0 end,
       not_before = case when looks + 1 < $3 then now() + $4 * interval '1 millisecond' else not_before end, ${GIVE_BACK}
     where id = $1 and claim = $2`,
    [row.id, row.claim, most, pauseMs],
  );
}

/** Notes that Slack has the bytes of the file under this id. The next claim of the row shares the file. */
export async function markUploaded(db: Queryable, row: Claim, slackFile: string): Promise<void> {
  await db.query(
    `update outbox set slack_file = $3, upload_failures = 0, attempts = 0, ${GIVE_BACK} where id = $1 and claim = $2`,
    [row.id, row.claim, slackFile],
  );
}

/** Notes that Slack refused the blocks of this revision. The next claim sends it as plain text. */
export async function sendPlain(db: Queryable, row: Claim & Pick<OutboxRow, 'revision'>): Promise<void> {
  await db.query(
    `update outbox set plain = (revision = $3), unsure = false, ${GIVE_BACK} where id = $1 and claim = $2`,
    [row.id, row.claim, row.revision],
  );
}

/**
 * Notes that a message of a thread landed at the top level of its channel, at `slackTs`. The next claim takes it out again. This is true even
 * when a late sender says it.
 */
export async function takeOut(db: Queryable, row: Claim & Pick<OutboxRow, 'revision'>, slackTs: string): Promise<void> {
  await db.query(
    `update outbox set body = '{"kind": "gone"}', final = true, slack_ts = $3, unsure = false, failed = null, plain = false,
       revision = greatest(revision, $4) + 1, sent_revision = greatest(sent_revision, $4), not_before = now(), queued = false,
       claim = nullif(claim, $2), claimed_until = case when claim = $2 then null else claimed_until end
     where id = $1`,
    [row.id, row.claim, slackTs, row.revision],
  );
  db.wake('bellhop_outbox');
}

/** Notes that the message was deleted in Slack. The next attempt posts it again. */
export async function goneFromSlack(db: Queryable, row: Claim): Promise<void> {
  await db.query(
    `update outbox set slack_ts = null, unsure = false, sent_revision = 0, ${GIVE_BACK} where id = $1 and claim = $2`,
    [row.id, row.claim],
  );
}

/**
 * Notes that Slack shows `revision`. This is true even when a late sender says it, so it is stored; but a late sender
 * does not end another sender's claim. The next change of the row waits for `pauseMs`, unless it is the final one or has the first
 * words of an answer.
 *
 * A live line may be posted late:
 * 1. A sender is about to post it, and freezes.
 * 2. The turn ends and retires the line. Another sender looks, finds no message, and the row is done.
 * 3. The first sender wakes up and posts.
 * Therefore a post of a message that is gone by now makes its row due again, so that the message is deleted.
 */
export async function markSent(
  db: Queryable,
  row: Claim & Pick<OutboxRow, 'revision'>,
  slackTs: string | null,
  pauseMs: number,
): Promise<void> {
  await db.query(
    `update outbox set
       sent_revision = case when body ->> 'kind' = 'gone' and slack_ts is null and $4::text is not null then $3
                            else greatest(sent_revision, $3) end,
       slack_ts = coalesce(slack_ts, $4), unsure = false,
       attempts = 0, looks = 0, failed = null, sent_at = now(), queued = false,
       claim = nullif(claim, $2), claimed_until = case when claim = $2 then null else claimed_until end,
       not_before = case when revision > $3 and (final or body ? 'first') then now() else now() + $5 * interval '1 millisecond' end
     where id = $1`,
    [row.id, row.claim, row.revision, slackTs, pauseMs],
  );
}

/** Why a row waits. Only a failure counts as an attempt; a rate limit does not. */
export type Cause = 'limit' | 'failure' | 'upload';

/**
 * Gives the row back. Nobody claims it before `ms` milliseconds are over. A final revision that came meanwhile does not
 * wait, unless an unsure post has to be looked for first.
 */
export async function postponeSending(
  db: Queryable,
  row: Claim & Pick<OutboxRow, 'revision'>,
  cause: Cause,
  ms: number,
): Promise<void> {
  await db.query(
    `update outbox set ${GIVE_BACK}, attempts = attempts + $5, upload_failures = upload_failures + $6,
       not_before = case when final and revision > $3 and not unsure then not_before
                         else now() + $4 * interval '1 millisecond' end
     where id = $1 and claim = $2`,
    [row.id, row.claim, row.revision, ms, cause === 'failure' ? 1 : 0, cause === 'upload' ? 1 : 0],
  );
}

/**
 * Notes that Slack refused this revision for good. A later revision may still be accepted. `code` is Slack's error, for
 * operators. True when the row has ended with it.
 */
export async function markFailed(
  db: Queryable,
  row: Claim & Pick<OutboxRow, 'revision'>,
  code: string,
): Promise<boolean> {
  const { rows } = await db.query<{ ended: boolean }>(
    `update outbox set failed = case when revision = $3 then $4 end, ${GIVE_BACK}
     where id = $1 and claim = $2 returning failed is not null as ended`,
    [row.id, row.claim, row.revision, code],
  );
  return rows[0]?.ended ?? false;
}

/**
 * Makes rows due that waited for this first post of their thread. It runs after the commit of the post, so that it
 * finds every row that was put back because of the post (queue_outbox says why). If the process dies in between, the
 * rows wait ten seconds longer.
 */
export async function letNextPost(db: Queryable, row: Pick<OutboxRow, 'id' | 'session'>): Promise<void> {
  if (row.session === null) return;
  await db.query(
    `update outbox set not_before = now() where not queued and claim is null and attempts = 0 and id in (
       select distinct on (class) id from outbox
       where session = $1 and id > $2 and kind in ('message', 'file') and sent_revision = 0 and failed is null
       order by class, id)`,
    [row.session, row.id],
  );
}
