import { Transform } from 'node:stream';
import { Refusal } from '../../refusal.ts';

/** The size in hexadecimal and the signature of a chunk, as in `400;chunk-signature=…`. */
const CHUNK_HEAD = /^([0-9a-fA-F]{1,8})(?:;[\x21-\x7e]{0,500})?$/;
const MAX_LINE = 1_024;

/**
 * Takes the chunks of `aws-chunked` apart and passes on what is in them. Their signatures are dropped, and so is what
 * stands behind the last chunk: a checksum of the same bytes.
 *
 * @param length the sum of all chunks, as the request says it. Any other sum breaks the request off.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
export function joinChunks(length: number): Transform {
  /** What comes next: a line with a size, bytes of a chunk, the line break behind them, or the rest. */
  let next: 'head' | 'data' | 'end-of-data' | 'trailer' = 'head';
  let line = '';
  let left = 0;
  let total = 0;

  function take(chunk: Buffer, push: (data: Buffer) => void): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (next === 'trailer') return;
      if (next === 'data') {
        const data = rest.subarray(0, left);
        push(data);
        left -= data.length;
        rest = rest.subarray(data.length);
        if (left === 0) next = 'end-of-data';
        continue;
      }
      const end = rest.indexOf('\n');
      line += rest.subarray(0, end === -1 ? rest.length : end + 1).toString('latin1');
      if (line.length > MAX_LINE) throw broken('has a line that is too long');
      rest = end === -1 ? rest.subarray(rest.length) : rest.subarray(end + 1);
      if (end !== -1) endLine();
    }
  }

  function endLine(): void {
    const text = line;
    line = '';
    if (next === 'end-of-data') {
      if (text !== '\r\n') throw broken('has a chunk that is longer than it says');
      next = 'head';
      return;
    }
    const size = text.endsWith('\r\n') ? CHUNK_HEAD.exec(text.slice(0, -2))?.[1] : undefined;
    if (size === undefined) throw broken('is not made of chunks');
    left = Number.parseInt(size, 16);
    total += left;
    if (total > length) throw broken('is longer than X-Amz-Decoded-Content-Length says');
    next = left === 0 ? 'trailer' : 'data';
  }

  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        take(chunk, (data) => this.push(data));
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush: (done) => done(next === 'trailer' && total === length ? null : broken('ends too early')),
  });
}

function broken(what: string): Refusal {
  return new Refusal('bad_request', `The body in chunks ${what}.`);
}
