import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { EgressEvent } from '../../contracts/egress.ts';
import type { CountedIn, EventBudget } from './event-budget.ts';
import { type LineFile, openLineFile, readLines } from './line-file.ts';
import { createSpoolShares } from './spool-shares.ts';

/**
 * Egress events on disk, until PostgreSQL has them. There are two kinds of files:
 * - `segment-*.ndjson` holds the events of finished requests.
 * - `open.ndjson` has a line for each request, written before the request leaves. So a request leaves its event even
 *   when the process is killed. It also has the sums of the rows that many requests share (event-budget.ts).
 *
 * `open.ndjson` is rewritten when it is long, so that it does not grow with a flood. Each line is appended by one
 * write. Therefore a killed process leaves all its lines, and at most the last one is cut.
 *
 * @example
 *   spool.begin(event);                        // Before the request leaves.
 *   spool.finish({ ...event, status: 200 });   // When it is over.
 *   for (const segment of spool.waiting()) {
 *     await store(spool.read(segment));
 *     spool.remove(segment);
 *   }
 */
export interface Spool {
  /** @throws SpoolFull when there is no room, or when an earlier end could still not be written */
  begin(event: EgressEvent): void;
  /** The end of a request that had begun is kept in memory until it can be written. @throws SpoolFull for any other */
  finish(event: EgressEvent): void;
  /** Shared rows with sums that are not stored yet. */
  shared(): EgressEvent[];
  /** Call it when these rows are stored. A row that has grown meanwhile stays in `shared`. */
  sharedStored(rows: readonly EgressEvent[]): void;
  /** Closes the current segment and returns the names of all segments, oldest first. */
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
  readonly budget: EventBudget;
}

/**
 * A line of `open.ndjson`. A line without `ends` is a request that began. A line with `ends` is a shared row: `ends` is
 * the id of the request it counted, which is over now, or null when that request had no line here.
 */
type OpenLine = EgressEvent & { readonly ends?: string | null };

const OPEN_FILE = 'open.ndjson';
/** `open.ndjson` is rewritten when it is longer than this. */
const OPEN_LIMIT = 1024 * 1024;
/** Room beyond the limit for the ends of requests that have begun. */
const RESERVE = 1024 * 1024;
/** About the size of a line. The limit grows with the requests under way, so that they do not cause a rewrite each. */
const LINE_GUESS = 1024;
const SEGMENT = /^segment-[0-9]+-[0-9]+\.ndjson$/;

/**
 * Opens the spool. Requests that an earlier process had begun but not ended become events with the code `interrupted`.
 */
export function openSpool({ folder, maxBytes, budget }: SpoolOptions): Spool {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const openFile = path.join(folder, OPEN_FILE);
  const begun = new Map<string, EgressEvent>();
  /** Shared rows by id, with sums that are not stored yet. */
  const unstored = new Map<string, EgressEvent>();
  /** True when a shared row could not be written. Then `open.ndjson` is rewritten before its next line. */
  let isOpenStale = false;
  const shares = createSpoolShares();
  /** Ends that could not be written yet. No request begins until they are written. */
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

  /**
   * A sandbox that holds n bytes is refused once fewer than n bytes are free. One sandbox alone is therefore refused at
   * half of the spool, and the others still find room.
   */
  function limitOf({ sandbox }: EgressEvent): number {
    return maxBytes - shares.of(sandbox);
  }

  // No limit here: these requests were admitted when there was room, and `open.ndjson` is emptied next.
  for (const event of leftOpen(openFile)) write(event, Number.POSITIVE_INFINITY);
  writeFileSync(openFile, '', { mode: 0o600 });
  let open = openLineFile(openFile);

  /** Rewrites `open.ndjson` with only the open requests and unstored sums. A rename puts the complete file in place. */
  function compact(): void {
    const lines = [...begun.values(), ...[...unstored.values()].map((row) => ({ ...row, ends: null }))].map(lineOf);
    writeFileSync(`${openFile}.new`, Buffer.concat(lines), { mode: 0o600 });
    const next = openLineFile(`${openFile}.new`);
    renameSync(`${openFile}.new`, openFile);
    open.close();
    open = next;
    isOpenStale = false;
  }

  function appendOpen(line: Buffer): void {
    const underWay = begun.size + unstored.size;
    if (isOpenStale || open.size > OPEN_LIMIT + underWay * LINE_GUESS) compact();
    open.append(line);
  }

  function finishShared({ row, commit }: CountedIn, request: EgressEvent): void {
    const hadBegun = begun.has(request.id);
    const add = (): void => {
      begun.delete(request.id);
      unstored.set(row.id, row);
      commit();
    };
    try {
      appendOpen(lineOf({ ...row, ends: hadBegun ? request.id : null }));
      add();
    } catch (error) {
      if (!hadBegun) throw error;
      // A request that had begun is counted although its row could not be written. The next `begin` rewrites the file.
      add();
      isOpenStale = true;
    }
  }

  return {
    begin: (event) =>
      orFull(() => {
        writeLate();
        const line = lineOf(event);
        if (held + line.length > limitOf(event)) throw new SpoolFull(`it holds ${held} bytes`);
        appendOpen(line);
        begun.set(event.id, event);
      }),
    finish(event) {
      const counted = budget.of(event);
      if (counted.isShared) {
        orFull(() => finishShared(counted, event));
        return;
      }
      if (!begun.has(event.id)) {
        orFull(() => {
          writeLate();
          write(event, limitOf(event));
        });
        counted.commit();
        return;
      }
      counted.commit();
      late.push(event);
      try {
        writeLate();
      } catch {
        // The end stays in `late`. The next `begin` tries again and fails if it still cannot be written.
      }
    },
    shared: () => [...unstored.values()],
    sharedStored(rows) {
      for (const row of rows) if (unstored.get(row.id) === row) unstored.delete(row.id);
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

/** The events in an earlier process's `open.ndjson`: its shared rows, and its unfinished requests as `interrupted`. */
function leftOpen(openFile: string): EgressEvent[] {
  const begun = new Map<string, EgressEvent>();
  const shared = new Map<string, EgressEvent>();
  for (const { ends, ...event } of readLines<OpenLine>(openFile)) {
    if (ends === undefined) {
      begun.set(event.id, event);
      continue;
    }
    // The last line of a shared row has the largest sums.
    shared.set(event.id, event);
    if (ends !== null) begun.delete(ends);
  }
  const reason = 'The proxy ended before this request did.';
  const interrupted = [...begun.values()].map((event) => ({ ...event, code: 'interrupted', reason, status: null }));
  return [...shared.values(), ...interrupted];
}

function lineOf(event: OpenLine): Buffer {
  return Buffer.from(`${JSON.stringify(event)}\n`);
}

/** Turns any error of a write into SpoolFull, because a full disk and a broken disk call for the same answer. */
function orFull(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (error instanceof SpoolFull) throw error;
    throw new SpoolFull((error as NodeJS.ErrnoException).code ?? 'a write failed');
  }
}
