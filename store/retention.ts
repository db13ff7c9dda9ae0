import type { Queryable } from './database.ts';

/** The kinds of data, with the days for which each is kept by default. */
export const RETENTION_DAYS = {
  /** Egress events. */
  egress: 365,
  /** Outputs of commands, up to 1 MB each. The part that the model has read is in the transcript. */
  outputs: 30,
  /** Transcripts of unused threads, and rows of used threads that a summary has replaced. */
  transcripts: 365,
  /** Unused threads with their turns and steps, and old turns of used threads. */
  threads: 365,
  /** The access that a turn began with. */
  snapshots: 365,
  /** Tokens of model calls. */
  usage: 365,
  /** Messages of Slack that have been read, answered or refused. Those that wait to be read go with their thread. */
  inbox: 90,
  /** Messages that Slack shows or has refused for good. */
  outbox: 90,
  /** Files that were attached and posted. */
  files: 90,
  /** People, channels and runners that were not seen, and limits of Slack that nobody used. */
  directory: 180,
  /** Earlier versions of the access file, and refresh tokens that nobody used. The version in force stays. */
  policies: 365,
} as const;

export type RetentionKind = keyof typeof RETENTION_DAYS;

/** Days by kind. Null keeps the data for ever. */
export type Retention = Readonly<Record<RetentionKind, number | null>>;

export const RETENTION_KINDS = Object.keys(RETENTION_DAYS) as RetentionKind[];

/** For every table: the kinds that delete from it, or the reason why nothing needs to be deleted. */
export const RETAINED_TABLES: Readonly<Record<string, readonly RetentionKind[] | string>> = {
  access_snapshot: ['snapshots', 'threads'],
  channel: ['directory'],
  channel_outsider: 'goes with its channel, or when its person leaves it',
  channel_verdict: 'goes with its channel',
  credential: 'one row for each connection; `apply` drops what the access file does not use',
  egress_event: ['egress'],
  file: ['files'],
  file_chunk: ['files'],
  held_back: ['inbox'],
  inbox: ['inbox', 'threads'],
  inbox_served: ['directory'],
  installation: 'one row',
  mcp_server:
    'one row for each MCP server in force, and for each that a person or a sandbox has used within 30 days; a runner drops the others',
  mcp_tool: 'goes with its server; at most twice what the server lists',
  mixed_revision: 'one row',
  model_usage: ['usage'],
  outbox: ['outbox'],
  outbox_lane: ['directory'],
  own_use: 'goes with its session',
  person: ['directory'],
  personal_connection:
    'one row for each person and offer; its owner or an operator removes it, and so does the end of the account',
  personal_grant: 'one row for each attempt under way; a gateway that runs removes it after ten minutes',
  personal_settings: 'one row for each person; its owner or an operator removes it, and so does the end of the account',
  personal_test:
    'one row for each test under way; a gateway that runs removes it when it tells what came of it, after a minute at most',
  place_channel: ['directory'],
  place_request: 'the end of its turn removes it',
  policy: ['policies'],
  question: ['threads'],
  rate_bucket: ['directory'],
  refresh_token: ['policies'],
  runner: ['directory'],
  sandbox: ['threads'],
  schedule: 'the rows of the access file',
  schema_migration: 'one row for each migration',
  session: ['threads'],
  slack_catch_up: 'one row for each workspace',
  slack_catch_up_place: 'empty when a catch-up is over',
  slack_refusal: 'one row for each workspace and method that Slack does not offer to it',
  slack_watermark: 'one row for each gateway; a catch-up removes those of gateways that are gone',
  step: ['outputs', 'threads'],
  thread_model: ['threads'],
  transcript: ['transcripts'],
  turn: ['threads'],
};

/**
 * Deletes about `batch` rows of a kind, and at most about 10,000, that are older than `before`, in one short transaction. It does not wait for
 * locks: locked rows are left for the next call.
 *
 * @returns how many rows were deleted; 0 when nothing old is left
 * @throws DatabaseError `23514` when `before` is less than a day ago
 *
 * @example
 *   while ((await deleteOld(database, 'egress', ninetyDaysAgo, 500)) > 0);
 */
export async function deleteOld(db: Queryable, kind: RetentionKind, before: Date, batch: number): Promise<number> {
  const { rows } = await db.query<{ deleted: number }>('select delete_old($1, $2, $3) as deleted', [
    kind,
    before,
    batch,
  ]);
  return rows[0]?.deleted ?? 0;
}
