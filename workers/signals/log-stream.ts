import { constants, fstatSync, openSync, write } from 'node:fs';
import { Writable } from 'node:stream';

/** How long a terminal that was paused (Ctrl-S) is left alone before the next try. */
const FULL_PAUSE_MS = 50;
/** The disk is full, or the user's part of it. It may have room again later, so only this line is lost. */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** A stream of log lines. Its `lost` event says that one line could not be written and that the next may be. */
export type LogStream = Writable;

/**
 * A stream that writes to standard error and never makes its caller wait.
 *
 * - A pipe or a socket is `process.stderr`: Node writes to those without blocking.
 * - A file or a terminal is written by a thread of the pool: Node itself would write to those in the event loop.
 */
export function standardErrorStream(): LogStream {
  const stat = fstatSync(2);
  if (stat.isFIFO() || stat.isSocket()) return process.stderr;
  return fileStream(ownDescriptor());
}

/** A stream that appends to a file that is already open, by a thread of the pool. */
export function fileStream(fd: number): LogStream {
  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      const next = (rest: Buffer): void => {
        write(fd, rest, (error, written) => {
          if (!error) return written < rest.length ? next(rest.subarray(written)) : done();
          const code = error.code ?? '';
          if (code === 'EAGAIN') return void setTimeout(next, FULL_PAUSE_MS, rest);
          if (!NO_ROOM.has(code)) return done(error);
          stream.emit('lost');
          done();
        });
      };
      next(chunk);
    },
  });
  return stream;
}

/**
 * Standard error opened once more, so that a full terminal answers EAGAIN. A thread that waits in a blocking write would keep the
 * process from ending: exit joins the threads of the pool. Where it cannot be opened again, descriptor 2 is used as it is.
 */
function ownDescriptor(): number {
  const { O_WRONLY, O_APPEND, O_NONBLOCK, O_NOCTTY } = constants;
  try {
    return openSync('/dev/fd/2', O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY);
  } catch {
    return 2;
  }
}
