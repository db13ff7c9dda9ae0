import { Readable } from 'node:stream';
import { DockerError, type DockerErrorCode } from './errors.ts';
import type { FileContent, OpenedFile, ReadOptions, ReadResult, WriteOptions } from './sandbox.ts';
import type { SandboxContext, WorkingContext } from './sandbox-context.ts';
import { askStarter } from './starter.ts';
import type { StarterFrame } from './starter-frames.ts';

const DEFAULT_WRITE_LIMIT = 64 * 1024 * 1024;
const FILE_MS = 10 * 60_000;

/** Reads a part of a file as the agent's user. Nothing beyond `maxBytes` leaves the sandbox. */
export async function readFile(
  context: WorkingContext,
  id: string,
  uid: number,
  path: string,
  options: ReadOptions,
): Promise<ReadResult> {
  const offset = options.offset ?? 0;
  const chunks: Buffer[] = [];
  let size = 0;
  let length = 0;
  const args = ['read', path, String(offset), String(options.maxBytes + 1)];
  for await (const frame of context.starters.order({ ...context, id, uid }, { args, timeoutMs: FILE_MS })) {
    if (frame.kind === 'data') {
      chunks.push(frame.bytes);
      length += frame.bytes.length;
      // What runs inside cannot make us hold more than we asked for.
      if (length > options.maxBytes + 1) throw new DockerError('FileFailed', `${path}: more came than was asked for`);
    } else if (frame.value.sent !== undefined) {
      const bytes = Buffer.concat(chunks).subarray(0, options.maxBytes);
      return { bytes, size: Math.max(size, offset + length), truncated: length > options.maxBytes };
    } else {
      size = sizeOf(frame, path);
    }
  }
  throw new DockerError('FileFailed', `${path}: the file did not come whole`);
}

/** Opens a file for streaming out, whole. */
export async function openFile(
  context: WorkingContext,
  id: string,
  uid: number,
  path: string,
  { maxBytes }: { readonly maxBytes: number },
): Promise<OpenedFile> {
  const order = { args: ['read', path, '0', String(maxBytes)], timeoutMs: FILE_MS };
  const frames = context.starters.order({ ...context, id, uid }, order);
  try {
    const first = await frames.next();
    if (first.done) throw new DockerError('FileFailed', `${path}: no answer`);
    const size = sizeOf(first.value, path);
    if (size > maxBytes) throw new DockerError('FileTooLarge', `${path} has ${size} bytes; ${maxBytes} are the limit`);
    const stream = Readable.from(contentOf(frames, path, size), { objectMode: false });
    // One that is given up before its first byte was asked for has not begun to read.
    stream.once('close', () => void frames.return(undefined));
    return { size, stream };
  } catch (error) {
    await frames.return(undefined);
    throw error;
  }
}

async function* contentOf(frames: AsyncGenerator<StarterFrame, void>, path: string, size: number) {
  let left = size;
  for await (const frame of frames) {
    if (frame.kind === 'data') {
      left -= frame.bytes.length;
      if (left < 0) break;
      yield frame.bytes;
    } else if (frame.value.sent === undefined) {
      throw refusal(frame.value, path);
    } else {
      break;
    }
  }
  if (left !== 0) throw new DockerError('FileFailed', `${path} changed while it was read`);
}

/** Writes a file as the agent's user, in one go: until all of it has come, the old one stays. */
export async function writeFile(
  context: SandboxContext,
  id: string,
  uid: number,
  path: string,
  content: FileContent,
  options: WriteOptions = {},
): Promise<{ bytes: number }> {
  const maxBytes = options.maxBytes ?? DEFAULT_WRITE_LIMIT;
  const input = content instanceof Uint8Array ? one(content) : content;
  const args = ['write', path, (options.mode ?? 0o644).toString(8), String(maxBytes)];
  if (options.turn !== undefined) args.push(String(options.turn));
  const said = await askStarter({ ...context, id, uid, args, input, timeoutMs: FILE_MS, signal: options.signal });
  if (typeof said.written === 'number') return { bytes: said.written };
  throw refusal(said, path);
}

async function* one(content: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield content;
}

function sizeOf(frame: StarterFrame, path: string): number {
  if (frame.kind === 'json' && typeof frame.value.size === 'number') return frame.value.size;
  throw refusal(frame.kind === 'json' ? frame.value : {}, path);
}

const CODES: Readonly<Record<string, DockerErrorCode>> = {
  missing: 'FileMissing',
  denied: 'FileDenied',
  folder: 'FileNotRegular',
  special: 'FileNotRegular',
  large: 'FileTooLarge',
  full: 'WorkspaceFull',
  over: 'TurnOver',
};

function refusal(said: Readonly<Record<string, unknown>>, path: string): DockerError {
  const message = typeof said.message === 'string' ? said.message : `${path}: no answer that makes sense`;
  return new DockerError(CODES[String(said.error)] ?? 'FileFailed', message);
}
