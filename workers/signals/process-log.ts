import { setTimeout as sleep } from 'node:timers/promises';
import pino, { type Logger } from 'pino';
import type { StateChange } from '../../contracts/state-changes.ts';
import { type LogStream, standardErrorStream } from './log-stream.ts';

/** Some ten thousand lines: more than any burst, and little beside what a process holds anyway. */
const BUFFER_BYTES = 1024 * 1024;
const DRAIN_CHECK_MS = 10;

export interface ProcessLog {
  readonly log: Logger;
  /** Resolves, with the reason, when the log can never be written again: its reader is gone. Lines after that are dropped. */
  readonly closed: Promise<string>;
  /** Resolves when all lines are written, or after this many milliseconds. Call it before the process exits. */
  drain(withinMs: number): Promise<void>;
}

export interface ProcessLogOptions {
  /** @default standard error */
  readonly stream?: LogStream;
  /** How much may wait to be written. @default 1 MiB */
  readonly bufferBytes?: number;
  /** Told of every line that says a state change; see contracts/state-changes.ts. */
  readonly onChange?: (change: StateChange) => void;
  readonly onDropped?: (lines: number) => void;
}

/**
 * The log of one process: JSON lines that never make their writer wait. Lines that a slow reader has no room for are dropped and
 * counted; as soon as there is room, one line says how many.
 *
 * @example
 * const { log, closed, drain } = createProcessLog('proxy');
 * log.warn({ host }, 'no answer');
 * await closed; // only when the reader of standard error has gone
 */
export function createProcessLog(name: string, options: ProcessLogOptions = {}): ProcessLog {
  const { stream = standardErrorStream(), bufferBytes = BUFFER_BYTES, onChange, onDropped } = options;
  const { promise: closed, resolve: close } = Promise.withResolvers<string>();
  let isClosed = false;
  let dropped = 0;

  const hasRoom = (bytes: number) => stream.writableLength + bytes <= bufferBytes;

  function write(line: string): void {
    if (isClosed) return;
    if (!hasRoom(line.length)) {
      drop();
      return;
    }
    if (dropped > 0) sayDropped();
    stream.write(line);
  }

  function drop(): void {
    dropped += 1;
    onDropped?.(1);
  }

  function sayDropped(): void {
    const count = dropped;
    dropped = 0;
    if (count > 0)
      log.warn({ dropped: count }, 'log lines were dropped: the reader of this log was too slow, or its disk full');
  }

  stream.on('drain', sayDropped);
  stream.on('lost', drop);
  stream.on('error', (error: NodeJS.ErrnoException) => {
    isClosed = true;
    close(error.code ?? error.message);
  });

  const log = pino(
    {
      name,
      base: { name, pid: process.pid },
      hooks: {
        logMethod(args, method) {
          const [fields] = args as readonly unknown[];
          if (typeof fields === 'object' && fields !== null && 'change' in fields)
            onChange?.(fields.change as StateChange);
          method.apply(this, args);
        },
      },
    },
    { write },
  );
  return {
    log,
    closed,
    async drain(withinMs) {
      const end = performance.now() + withinMs;
      while (!isClosed && stream.writableLength > 0 && performance.now() < end) await sleep(DRAIN_CHECK_MS);
    },
  };
}
