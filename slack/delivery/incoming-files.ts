import type { SessionId } from '../../contracts/ids.ts';
import type { Queryable } from '../../store/database.ts';
import { saveFile } from '../../store/files.ts';
import type { InboxFile } from '../../store/inbox.ts';
import { isSlackFileHost } from '../api/slack-hosts.ts';

export interface FileFetcherOptions {
  readonly db: Queryable;
  readonly botToken: string;
  readonly apiUrl: string;
  /** @default globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch;
}

/** Fetches what somebody attached, and says of each file where it is or why it was not taken. */
export type FileFetcher = (session: SessionId, files: readonly InboxFile[]) => Promise<InboxFile[]>;

export const MAX_FILES = 5;
export const MAX_FILE_BYTES = 20 * 1024 * 1024;
/** For all files of one message: the message itself waits for them. */
const TIMEOUT_MS = 20_000;

/** A file that cannot be taken keeps its name and says why; the message goes on without it. */
export function createFileFetcher(options: FileFetcherOptions): FileFetcher {
  return async (session, files) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const taken = files.map((file, index) => {
      if (file.file || file.problem) return file;
      if (index >= MAX_FILES) return { ...file, problem: `not taken: a message may have ${MAX_FILES} files` };
      return takeFile(options, session, file, signal);
    });
    return Promise.all(taken);
  };
}

async function takeFile(
  options: FileFetcherOptions,
  session: SessionId,
  file: InboxFile,
  signal: AbortSignal,
): Promise<InboxFile> {
  const bytes = await fetchBytes(options, file, signal);
  if (typeof bytes === 'string') return { ...file, problem: `not taken: ${bytes}` };
  // Trouble with the database is not the file's fault: the row is delivered again when it is back.
  const id = await saveFile(options.db, { session, name: file.name, bytes, direction: 'in', origin: file.id });
  return { ...file, file: id };
}

/** The bytes, or in words why there are none. */
async function fetchBytes(
  { botToken, apiUrl, fetch = globalThis.fetch }: FileFetcherOptions,
  file: InboxFile,
  signal: AbortSignal,
): Promise<Buffer | string> {
  if (file.size > MAX_FILE_BYTES) return TOO_LARGE;
  if (!isSlackFileHost(file.url, apiUrl)) return 'it is not kept by Slack itself';
  try {
    // A redirect would lead to a sign-in page, and the token to wherever it points.
    const response = await fetch(file.url, {
      headers: { authorization: `Bearer ${botToken}` },
      redirect: 'error',
      signal,
    });
    if (!response.ok) return `Slack answered ${response.status}`;
    const html = response.headers.get('content-type')?.startsWith('text/html') ?? false;
    if (html && !file.mimetype.startsWith('text/html')) {
      return 'Slack showed a sign-in page instead: the app lacks the scope files:read';
    }
    return (await readUpTo(response, MAX_FILE_BYTES)) ?? TOO_LARGE;
  } catch {
    return signal.aborted ? 'Slack did not send it in time' : 'it could not be fetched from Slack';
  }
}

const TOO_LARGE = `larger than ${MAX_FILE_BYTES / 1024 / 1024} MB`;

/** Null when there is more than `limit`. Counts what comes, whatever the headers say. */
async function readUpTo(response: Response, limit: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > limit) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
