import { readFile, stat } from 'node:fs/promises';

export interface WatchedJson<T> {
  /** The last content that could be read; null before there was one. */
  current(): T | null;
  /** Calls back after every change. Returns how to stop. */
  subscribe(listener: (value: T) => void): () => void;
  close(): void;
}

export interface WatchedJsonOptions<T> {
  readonly path: string;
  readonly parse: (value: unknown) => T;
  /** @default 200 */
  readonly everyMs?: number;
}

/**
 * Follows a small JSON file that another process replaces. It is polled: `fs.watch` loses renames on some file
 * systems, and one `stat` in 200 ms costs nothing. A file that is missing or half written keeps the last content.
 */
export async function watchJson<T>({ path, parse, everyMs = 200 }: WatchedJsonOptions<T>): Promise<WatchedJson<T>> {
  const listeners = new Set<(value: T) => void>();
  let current: T | null = null;
  let seen = '';
  let looking = false;

  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    try {
      const { mtimeMs, size, ino } = await stat(path);
      const mark = `${mtimeMs}/${size}/${ino}`;
      if (mark === seen) return;
      const value = parse(JSON.parse(await readFile(path, 'utf8')));
      seen = mark;
      current = value;
      for (const listener of listeners) listener(value);
    } catch {
      // Not there yet, or not whole yet: the next look finds it.
    } finally {
      looking = false;
    }
  }

  await look();
  const timer = setInterval(() => void look(), everyMs);
  return {
    current: () => current,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => clearInterval(timer),
  };
}
