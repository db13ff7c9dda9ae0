import type { Queryable } from '../../store/database.ts';
import { getFile } from '../../store/files.ts';
import { fileNotSeen, markSent, markSure, markUploaded, type OutboxOf } from '../../store/outbox-claims.ts';
import { failureOf } from '../api/errors.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { isSlackFileHost } from '../api/slack-hosts.ts';
import { escapeUnlinked } from '../rendering/mrkdwn.ts';
import { findShared } from './find-posted.ts';
import type { Hold } from './outbox-sender.ts';

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
/** Slack shows a completed file a little later. After that many looks without it, it is completed again. */
const LOOKS = 3;
const LOOK_PAUSE_MS = 2_000;

/**
 * Shares a file into its thread, one step for each claim (docs.slack.dev, "Working with files"):
 * 1. The upload: an address for the bytes, then the bytes. Nobody can see the file yet.
 * 2. The completion makes it visible, and is done once. When its outcome is unknown, the thread is looked at first.
 *
 * @returns whether people can see the file now; false when the row was given back for its next step
 */
export async function sendFile(dependencies: SendFileDependencies, row: OutboxOf<'file'>): Promise<boolean> {
  const { db, calls } = dependencies;
  if (row.slackFile === null) {
    await markUploaded(db, row, await upload(dependencies, row));
    return false;
  }
  if (!row.unsure) {
    await complete(dependencies, row, row.slackFile);
    return true;
  }
  const place = { channel: row.channel, threadTs: row.threadTs, since: row.createdAt };
  const shared = await findShared(calls, place, row.slackFile);
  if (shared) await markSent(db, row, shared, 0);
  else await fileNotSeen(db, row, LOOKS, LOOK_PAUSE_MS);
  return shared !== null;
}

async function complete(
  { db, calls, hold }: SendFileDependencies,
  row: OutboxOf<'file'>,
  slackFile: string,
): Promise<void> {
  await hold({ unsure: true });
  try {
    await calls.call('files.completeUploadExternal', {
      files: [{ id: slackFile, title: row.body.name }],
      channel_id: row.channel,
      ...(row.threadTs ? { thread_ts: row.threadTs } : {}),
      ...(row.body.comment ? { initial_comment: escapeUnlinked(row.body.comment) } : {}),
    });
  } catch (error) {
    if (failureOf(error).kind !== 'unknown') await markSure(db, row);
    throw error;
  }
  await markSent(db, row, null, 0);
}

/** Returns Slack's id once the bytes are there. An address is good for one upload, so each try asks for its own. */
async function upload(
  { db, calls, hold, apiUrl, fetch = globalThis.fetch }: SendFileDependencies,
  row: OutboxOf<'file'>,
): Promise<string> {
  const file = await getFile(db, row.body.fileId);
  if (!file) throw new UploadFailed(`file ${row.body.fileId} is not stored`);
  const answer = await calls.call('files.getUploadURLExternal', {
    filename: row.body.name,
    length: file.bytes.length,
  });
  const { file_id: slackFile, upload_url: address } = answer;
  if (typeof slackFile !== 'string' || typeof address !== 'string') {
    throw new UploadFailed('files.getUploadURLExternal answered without an id or address');
  }
  if (!isSlackFileHost(address, apiUrl)) throw new UploadFailed('Slack named an upload address that is not its own');
  await hold({ ms: UPLOAD_TIMEOUT_MS + 10_000 });
  const response = await fetch(address, {
    method: 'POST',
    body: new Uint8Array(file.bytes),
    headers: { 'content-type': 'application/octet-stream' },
    redirect: 'error',
    signal: AbortSignal.timeout(UPLOAD_TIMEOUT_MS),
  }).catch(() => null);
  if (!response?.ok) throw new UploadFailed(`the upload was answered with ${response ? response.status : 'nothing'}`);
  return slackFile;
}
