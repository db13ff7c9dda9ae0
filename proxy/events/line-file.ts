import { closeSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';

/** A file of whole lines that only grows. */
export interface LineFile {
  readonly size: number;
  append(line: Buffer): void;
  close(): void;
}

/**
 * Opens a file to append lines, or makes it with mode 0600. A line that cannot be written completely is removed again,
 * and the error is thrown. Lines are not flushed to disk: they survive the end of the process, not a power cut.
 */
export function openLineFile(file: string): LineFile {
  const fd = openSync(file, 'a', 0o600);
  let { size } = statSync(file);
  return {
    get size() {
      return size;
    },
    append(line) {
      try {
        for (let at = 0; at < line.length; ) at += writeSync(fd, line, at);
      } catch (error) {
        // Half a line would damage the next one.
        ftruncateSync(fd, size);
        throw error;
      }
      size += line.length;
    },
    close: () => closeSync(fd),
  };
}

/** Reads all lines. A missing file has none. A line that was cut by the end of its process is skipped. */
export function readLines<T>(file: string): T[] {
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
        return [JSON.parse(line) as T];
      } catch {
        return [];
      }
    });
}
