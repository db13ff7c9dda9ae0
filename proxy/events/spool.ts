import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { EgressEvent } from '../../contracts/egress.ts';

/**
 * Events on disk before anywhere else. `segment-*.ndjson` holds finished events; `open.ndjson` one line for each
 * request from before it is sent on, so that a request of a killed process leaves its event too. Lines are appended
 * by one write each: what a killed process wrote is there, at most its last line is cut.
 */
export interface Spool {
  /** @throws SpoolFull when nothing more may be written */
  begin(event: EgressEvent): void;
  /** @throws SpoolFull */
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
  let segment: GrowingFile | null = null;
  let counter = 0;
  let held = segments().reduce((sum, file) => sum + statSync(path.join(folder, file)).size, 0);

  function segments(): string[] {
    return readdirSync(folder)
      .filter((name) => SEGMENT.test(name))
      .sort();
  }

  function append(file: GrowingFile, event: EgressEvent, limit: number): number {
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    if (held + line.length > limit) throw new SpoolFull(`it holds ${held} bytes`);
    try {
      for (let at = 0; at < line.length; ) at += writeSync(file.fd, line, at);
    } catch (error) {
      // Half a line would spoil the one after it.
      ftruncateSync(file.fd, file.size);
      throw new SpoolFull((error as NodeJS.ErrnoException).code ?? 'a write failed');
    }
    file.size += line.length;
    return line.length;
  }

  function finish(event: EgressEvent): void {
    if (!segment) {
      counter += 1;
      const name = `segment-${Date.now()}-${String(counter).padStart(9, '0')}.ndjson`;
      segment = growing(path.join(folder, name));
    }
    held += append(segment, event, begun.has(event.id) ? maxBytes + RESERVE : maxBytes);
    begun.delete(event.id);
  }

  for (const event of linesOf(openFile)) {
    finish({ ...event, code: 'interrupted', reason: 'The proxy ended before this request did.', status: null });
  }
  writeFileSync(openFile, '', { mode: 0o600 });
  let open = growing(openFile);

  /** Leaves only what is under way; the new file is whole before it takes the old one's place. */
  function compact(): void {
    const lines = [...begun.values()].map((event) => `${JSON.stringify(event)}\n`);
    writeFileSync(`${openFile}.new`, lines.join(''), { mode: 0o600 });
    renameSync(`${openFile}.new`, openFile);
    closeSync(open.fd);
    open = growing(openFile);
  }

  return {
    begin(event) {
      if (open.size > OPEN_LIMIT + begun.size * LINE_GUESS) compact();
      append(open, event, maxBytes);
      begun.set(event.id, event);
    },
    finish,
    waiting() {
      if (segment) closeSync(segment.fd);
      segment = null;
      return segments();
    },
    read: (name) => linesOf(path.join(folder, name)),
    remove(name) {
      const file = path.join(folder, name);
      held -= statSync(file).size;
      rmSync(file);
    },
    bytes: () => held,
    close() {
      if (segment) closeSync(segment.fd);
      segment = null;
      if (begun.size === 0) compact();
      closeSync(open.fd);
    },
  };
}

interface GrowingFile {
  readonly fd: number;
  size: number;
}

function growing(file: string): GrowingFile {
  const fd = openSync(file, 'a', 0o600);
  return { fd, size: statSync(file).size };
}

/** A line that was cut by the end of its process is left out. */
function linesOf(file: string): EgressEvent[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as EgressEvent];
      } catch {
        return [];
      }
    });
}
