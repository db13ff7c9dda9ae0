import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { RefChange } from '../../access/forge/judge-git.ts';
import type { RequestBody } from '../request/request-body.ts';
import type { CommitMemory } from './commit-memory.ts';
import { findFastForwards } from './fast-forward.ts';
import { hasCapability, isZero, type PushCommand, type PushRequest, parsePush } from './push-request.ts';

/** How much of a push is read before it is sent: its commands, and the commits at the beginning of its pack. */
const MAX_PREFIX = 1024 * 1024;
/** A compressed push, which is rare, is read as a whole. */
const MAX_GZIP = 1024 * 1024;
const MAX_GUNZIPPED = 8 * 1024 * 1024;

const uncompress = promisify(gunzip);

export type ReadPush =
  | {
      readonly push: PushRequest;
      readonly changes: readonly RefChange[];
      /** The whole body, uncompressed, when it was short. Null when it is to be streamed. */
      readonly body: Buffer | null;
    }
  /** Why it is refused, as the end of a sentence that begins with "The push". */
  | { readonly refused: string };

/**
 * Reads as much of a push as must be known before it is sent. The rest of the pack is streamed untouched.
 *
 * @param encodings the values of Content-Encoding
 * @param mayPush whether any push may be allowed. Otherwise the commands are read, for the record, and nothing of the pack
 * @throws Refusal `too_many_requests` when there is no memory for it now, and as the reading of a body does
 */
export async function readPush(
  body: RequestBody,
  encodings: readonly string[],
  memory: CommitMemory,
  mayPush: boolean,
): Promise<ReadPush> {
  if (encodings.length === 0) {
    const { bytes, isWhole } = await body.peek({
      maxBytes: MAX_PREFIX,
      isEnough: (part) => isEnough(part.bytes, mayPush ? memory : null),
    });
    return understood(bytes, isWhole, mayPush ? memory : null);
  }
  if (encodings.length > 1 || !/^(?:x-)?gzip$/i.test(encodings[0] ?? '')) return { refused: 'has an unknown coding' };
  const compressed = await body.whole(MAX_GZIP);
  if (compressed === 'too-large') return { refused: 'is compressed and too large to be judged' };
  // What it uncompresses to is sent, so it is held like a body that was read.
  const needs = body.setAside(MAX_GUNZIPPED);
  const bytes = await uncompress(compressed, { maxOutputLength: MAX_GUNZIPPED }).catch(() => null);
  needs(bytes?.length ?? 0);
  if (bytes === null) return { refused: 'cannot be uncompressed, or it is too large to be judged' };
  return understood(bytes, true, mayPush ? memory : null);
}

/** Whether reading more of the push cannot change how it is judged. @param memory null when the pack does not matter */
function isEnough(bytes: Buffer, memory: CommitMemory | null): boolean {
  const parsed = parsePush(bytes);
  if (parsed.state !== 'parsed') return parsed.state === 'malformed';
  if (memory === null) return true;
  const { commands, packAt } = parsed.push;
  return !findFastForwards(commands, bytes.subarray(packAt), memory).mayGrow;
}

function understood(bytes: Buffer, isWhole: boolean, memory: CommitMemory | null): ReadPush {
  const parsed = parsePush(bytes);
  if (parsed.state === 'malformed') return { refused: parsed.reason };
  if (parsed.state === 'incomplete') return { refused: 'ends among its commands' };
  const { commands, packAt } = parsed.push;
  // With them a push can change settings of the repository on some forges, or open a merge request.
  if (hasCapability(parsed.push, 'push-options')) return { refused: 'has push options, which are not carried' };
  const proved = memory ? findFastForwards(commands, bytes.subarray(packAt), memory).proved : new Set<string>();
  const changes = commands.map((command): RefChange => ({ ref: command.ref, change: changeOf(command, proved) }));
  return { push: parsed.push, changes, body: isWhole ? bytes : null };
}

function changeOf({ from, to, ref }: PushCommand, proved: ReadonlySet<string>): RefChange['change'] {
  if (isZero(to)) return 'delete';
  if (isZero(from)) return 'create';
  return proved.has(ref) ? 'advance' : 'replace';
}
