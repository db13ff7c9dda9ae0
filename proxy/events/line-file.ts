import { closeSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';

/** A file of whole lines that only grows. */
export interface LineFile {
  readonly size: number;
  append(line: Buffer): void;
  close(): void;
}

/** Makes the file (0600) or goes on at its end. What cannot be written whole is taken back and thrown. Not flushed to disk. */
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
        // Half a line would spoil the one after it.
        ftruncateSync(fd, size);
        throw error;
      }
      size += line.length;
    },
    close: () => closeSync(fd),
  };
}

/** What each line holds; none for a file that is not there. A line that was cut by the end of its process is left out. */
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
