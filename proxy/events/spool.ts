import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { EgressEvent } from '../../contracts/egress.ts';
import { type LineFile, openLineFile, readLines } from './line-file.ts';
import { createSpoolShares } from './spool-shares.ts';

/**
 * Events on disk before anywhere else. `segment-*.ndjson` holds finished events; `open.ndjson` one line for each
 * request from before it is sent on, so that a request of a killed process leaves its event too. Lines are appended
 * by one write each: what a killed process wrote is there, at most its last line is cut.
 */
export interface Spool {
  /** @throws SpoolFull when nothing more can be written, or what ended before could not */
  begin(event: EgressEvent): void;
  /** What had begun is kept until it can be written. @throws SpoolFull for what had not */
  finish(event: EgressEvent): void;
  /** Closes the segment being written and returns all that wait, oldest first. */
  waiting(): string[];
  read(segment: string): EgressEvent[];
  remove(segment: string): void;
  bytes(): number;
  close(): void;
}

export class SpoolFull extends Error {
  constructor(cause: string) {
    super(`the spool of egress events takes nothing more: ${cause}`);
    this.name = 'SpoolFull';
  }
}

export interface SpoolOptions {
  readonly folder: string;
  readonly maxBytes: number;
}

const OPEN_FILE = 'open.ndjson';
/** The file of begun requests is written anew when it is longer than this. */
const OPEN_LIMIT = 1024 * 1024;
/** Kept free for the ends of requests that have begun. */
const RESERVE = 1024 * 1024;
/** About what a line takes, so that many requests under way do not make every one of them rewrite the file. */
const LINE_GUESS = 1024;
const SEGMENT = /^segment-[0-9]+-[0-9]+\.ndjson$/;

/** Opens the spool; what an earlier process had begun and not finished becomes a finished event of code `interrupted`. */
export function openSpool({ folder, maxBytes }: SpoolOptions): Spool {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const openFile = path.join(folder, OPEN_FILE);
  const begun = new Map<string, EgressEvent>();
  const shares = createSpoolShares();
  /** Ends that could not be written yet. Nothing begins before they are. */
  const late: EgressEvent[] = [];
  let segment: { readonly name: string; readonly file: LineFile } | null = null;
  let counter = 0;
  let held = segments().reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);

  function segments(): string[] {
    return readdirSync(folder)
      .filter((name) => SEGMENT.test(name))
      .sort();
  }

  function openSegment() {
    counter += 1;
    const name = `segment-${Date.now()}-${String(counter).padStart(9, '0')}.ndjson`;
    return { name, file: openLineFile(path.join(folder, name)) };
  }

  function write(event: EgressEvent, limit: number): void {
    const line = lineOf(event);
    if (held + line.length > limit) throw new SpoolFull(`it holds ${held} bytes`);
    segment ??= openSegment();
    segment.file.append(line);
    held += line.length;
    shares.add(segment.name, event.sandbox, line.length);
    begun.delete(event.id);
  }

  function writeLate(): void {
    for (let event = late[0]; event; event = late[0]) {
      write(event, maxBytes + RESERVE);
      late.shift();
    }
  }

  /** A sandbox may fill as much as it leaves free: so none can fill the spool for the others. */
  function limitOf({ sandbox }: EgressEvent): number {
    return maxBytes - shares.of(sandbox);
  }

  // However full it is: what is read here was let in when there was room, and is not read again.
  for (const event of readLines<EgressEvent>(openFile)) {
    const reason = 'The proxy ended before this request did.';
    write({ ...event, code: 'interrupted', reason, status: null }, Number.POSITIVE_INFINITY);
  }
  writeFileSync(openFile, '', { mode: 0o600 });
  let open = openLineFile(openFile);

  /** Leaves only what is under way; the new file is whole before it takes the old one's place. */
  function compact(): void {
    writeFileSync(`${openFile}.new`, Buffer.concat([...begun.values()].map(lineOf)), { mode: 0o600 });
    const next = openLineFile(`${openFile}.new`);
    renameSync(`${openFile}.new`, openFile);
    open.close();
    open = next;
  }

  return {
    begin: (event) =>
      orFull(() => {
        writeLate();
        const line = lineOf(event);
        if (held + line.length > limitOf(event)) throw new SpoolFull(`it holds ${held} bytes`);
        if (open.size > OPEN_LIMIT + begun.size * LINE_GUESS) compact();
        open.append(line);
        begun.set(event.id, event);
      }),
    finish(event) {
      if (!begun.has(event.id)) {
        orFull(() => {
          writeLate();
          write(event, limitOf(event));
        });
        return;
      }
      late.push(event);
      try {
        writeLate();
      } catch {
        // The next one that begins is told.
      }
    },
    waiting() {
      segment?.file.close();
      segment = null;
      return segments();
    },
    read: (name) => readLines(path.join(folder, name)),
    remove(name) {
      const file = path.join(folder, name);
      held -= statSync(file).size;
      rmSync(file);
      shares.remove(name);
    },
    bytes: () => held,
    close() {
      segment?.file.close();
      segment = null;
      if (begun.size === 0) compact();
      open.close();
    },
  };
}

function lineOf(event: EgressEvent): Buffer {
  return Buffer.from(`${JSON.stringify(event)}\n`);
}

/** Whatever the reason is that a file cannot be written, nothing more goes in. */
function orFull(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (error instanceof SpoolFull) throw error;
    throw new SpoolFull((error as NodeJS.ErrnoException).code ?? 'a write failed');
  }
}
