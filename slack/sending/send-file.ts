import type { Queryable } from '../../store/database.ts';
import { getFile } from '../../store/files.ts';
import { keepUpload, markSent, markUnsure, type OutboxOf } from '../../store/outbox-claims.ts';
import { failureOf, TryAgain } from '../api/errors.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { isSlackFileHost } from '../api/slack-hosts.ts';
import { escapeUnlinked } from '../rendering/mrkdwn.ts';
import { findShared } from './find-posted.ts';
import type { Hold } from './hold.ts';

export interface SendFileDependencies {
  readonly db: Queryable;
  readonly calls: PacedCalls;
  readonly hold: Hold;
  readonly apiUrl: string;
  /** @default globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch;
}

/** Slack never saw these bytes as a file, so a new upload shows nothing twice. */
export class UploadFailed extends Error {}

const UPLOAD_TIMEOUT_MS = 60_000;
/** Slack shows a completed file a little later: only after that many looks is it completed again. */
const LOOKS = 3;

/**
 * Shares a file into its thread: an id and an address for the bytes, the bytes, then "complete", which makes it
 * visible. The id is kept before that, and an attempt that finds one after an unsure completion looks into the
 * thread first (docs.slack.dev, "Working with files").
 */
export async function sendFile(dependencies: SendFileDependencies, row: OutboxOf<'file'>): Promise<void> {
  const { db, calls, hold } = dependencies;
  if (row.slackFile && row.unsure) {
    const place = { channel: row.channel, threadTs: row.threadTs, since: row.createdAt };
    const shared = await findShared(calls, place, row.slackFile);
    if (shared) return markSent(db, row.id, row.revision, shared, 0);
    if (row.attempts <= LOOKS) throw new TryAgain('the file is not visible in its thread yet');
  }
  const file = row.slackFile && row.uploadUrl === null ? row.slackFile : await upload(dependencies, row);
  await hold({ unsure: true });
  try {
    await calls.call('files.completeUploadExternal', {
      files: [{ id: file, title: row.body.name }],
      channel_id: row.channel,
      ...(row.threadTs ? { thread_ts: row.threadTs } : {}),
      ...(row.body.comment ? { initial_comment: escapeUnlinked(row.body.comment) } : {}),
    });
  } catch (error) {
    if (failureOf(error).kind !== 'unknown') await markUnsure(db, row.id, false);
    throw error;
  }
  await markSent(db, row.id, row.revision, null, 0);
}

/** Returns Slack's id once the bytes are there. */
async function upload(dependencies: SendFileDependencies, row: OutboxOf<'file'>): Promise<string> {
  const { db, calls, hold, apiUrl, fetch = globalThis.fetch } = dependencies;
  const file = await getFile(db, row.body.fileId);
  if (!file) throw new UploadFailed(`file ${row.body.fileId} is not stored`);
  let { slackFile, uploadUrl } = row;
  if (!slackFile || !uploadUrl) {
    const args = { filename: row.body.name, length: file.bytes.length };
    const answer = await calls.call('files.getUploadURLExternal', args);
    if (typeof answer.file_id !== 'string' || typeof answer.upload_url !== 'string') {
      throw new UploadFailed('files.getUploadURLExternal answered without an id or address');
    }
    slackFile = answer.file_id;
    uploadUrl = answer.upload_url;
    await keepUpload(db, row.id, slackFile, uploadUrl);
  }
  if (!isSlackFileHost(uploadUrl, apiUrl)) throw new UploadFailed('Slack named an upload address that is not its own');
  await hold({ ms: UPLOAD_TIMEOUT_MS + 10_000 });
  const response = await fetch(uploadUrl, {
    method: 'POST',
    body: new Uint8Array(file.bytes),
    headers: { 'content-type': 'application/octet-stream' },
    redirect: 'error',
    signal: AbortSignal.timeout(UPLOAD_TIMEOUT_MS),
  }).catch(() => null);
  if (!response?.ok) {
    // The address is good for one upload; the next attempt asks for another.
    await keepUpload(db, row.id, null, null);
    throw new UploadFailed(`the upload was answered with ${response ? response.status : 'nothing'}`);
  }
  await keepUpload(db, row.id, slackFile, null);
  return slackFile;
}
