import { createFairSlots } from '../../contracts/fair-slots.ts';
import type { SessionId } from '../../contracts/ids.ts';
import type { Queryable } from '../../store/database.ts';
import { findWholeFile, streamFile } from '../../store/files.ts';
import type { InboxFile } from '../../store/inbox.ts';
import { failureOf } from '../api/errors.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { patiently } from '../api/patiently.ts';
import { isSlackFileHost } from '../api/slack-hosts.ts';
import { fileOf } from '../receiving/file-of.ts';

export interface FileFetcherOptions {
  readonly db: Queryable;
  readonly calls: PacedCalls;
  readonly botToken: string;
  readonly apiUrl: string;
  /** @default globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch;
}

/** Fetches what somebody attached, and says of each file where it is or why it was not taken. */
export type FileFetcher = (session: SessionId, files: readonly InboxFile[]) => Promise<InboxFile[]>;

export const MAX_FILES = 5;
export const MAX_FILE_BYTES = 20 * 1024 * 1024;
/**
 * Files on their way at the same time, in the whole gateway. Each holds one piece of 256 kB, its copy in the database's
 * client and what the network has read ahead. With what Node.js has not collected yet, files cost the gateway at most
 * 150 MB, however many come (incoming-files-memory.test.ts).
 */
const AT_ONCE = 4;
/** For one file, from the moment its turn has come. */
const TIMEOUT_MS = 20_000;
const NOT_SHOWN = 'not taken: Slack does not show it to me';
const TOO_LARGE = `larger than ${MAX_FILE_BYTES / 1024 / 1024} MB`;

/**
 * Files go from Slack to PostgreSQL piece by piece; no file is ever held whole. Threads take turns. A file that cannot be
 * taken keeps its name and says why; the message goes on without it.
 */
export function createFileFetcher(options: FileFetcherOptions): FileFetcher {
  const slots = createFairSlots(AT_ONCE);
  return (session, files) =>
    Promise.all(
      files.map((file, index) => {
        if (file.file || file.problem) return file;
        if (index >= MAX_FILES) return { ...file, problem: `not taken: a message may have ${MAX_FILES} files` };
        return slots.run(session, () => takeFile(options, session, file));
      }),
    );
}

async function takeFile(options: FileFetcherOptions, session: SessionId, given: InboxFile): Promise<InboxFile> {
  const file = given.url === '' ? await askForInfo(options.calls, given) : given;
  if (file.problem) return file;
  const origin = { session, name: file.name, direction: 'in', origin: file.id } as const;
  // An earlier attempt at the same message may have it.
  const known = await findWholeFile(options.db, origin);
  if (known) return { ...file, file: known };
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await askForFile(options, file, signal);
  if (typeof response === 'string') return { ...file, problem: `not taken: ${response}` };
  const body = watched(response, signal);
  // Trouble with the database is not the file's fault: the row is delivered again when it is back.
  const id = await streamFile(options.db, origin, body.bytes, MAX_FILE_BYTES).catch((error) => {
    if (body.problem() === null) throw error;
    return null;
  });
  return id ? { ...file, file: id } : { ...file, problem: `not taken: ${body.problem() ?? TOO_LARGE}` };
}

/** What Slack says of a file of which it gave the id only. */
async function askForInfo(calls: PacedCalls, file: InboxFile): Promise<InboxFile> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await patiently(() => calls.call('files.info', { file: file.id }), signal);
    const found = fileOf({ ...(answer.file as object) });
    if (found === null || (found.url === '' && !found.problem)) return { ...file, problem: NOT_SHOWN };
    return { ...found, id: file.id };
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind === 'refused') return { ...file, problem: `${NOT_SHOWN} (${failure.code})` };
    return { ...file, problem: `not taken: Slack did not say in time where it is` };
  }
}

/** The answer that carries the file, or in words why there is none. */
async function askForFile(
  { botToken, apiUrl, fetch = globalThis.fetch }: FileFetcherOptions,
  file: InboxFile,
  signal: AbortSignal,
): Promise<Response | string> {
  if (file.size > MAX_FILE_BYTES) return TOO_LARGE;
  if (!isSlackFileHost(file.url, apiUrl)) return 'it is not kept by Slack itself';
  try {
    // A redirect would lead to a sign-in page, and the token to wherever it points.
    const response = await fetch(file.url, {
      headers: { authorization: `Bearer ${botToken}` },
      redirect: 'error',
      signal,
    });
    const html = response.headers.get('content-type')?.startsWith('text/html') ?? false;
    const isSignIn = response.ok && html && !file.mimetype.startsWith('text/html');
    if (response.ok && !isSignIn) return response;
    await response.body?.cancel();
    if (!response.ok) return `Slack answered ${response.status}`;
    return 'Slack showed a sign-in page instead: it stands where I am not, or the app lacks the scope files:read';
  } catch {
    return unfetched(signal);
  }
}

/** The bytes of an answer, and in words what was wrong where they did not come to their end. */
function watched(response: Response, signal: AbortSignal) {
  let problem: string | null = null;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    try {
      for await (const part of response.body ?? []) yield part;
    } catch (error) {
      problem = unfetched(signal);
      throw error;
    }
  }
  return { bytes: bytes(), problem: () => problem };
}

function unfetched(signal: AbortSignal): string {
  return signal.aborted ? 'Slack did not send it in time' : 'it could not be fetched from Slack';
}
