import { open, readFile } from 'node:fs/promises';
import { renderingsOf } from './renderings.ts';

const PIECE = 16 * 1024 * 1024;

/** Whether a text lies anywhere in the memory of a process, which has to be a child of this one or its user's. proc(5) */
export async function isInMemory(pid: number, text: string): Promise<boolean> {
  return (await thoseInMemory(pid, [text])).length > 0;
}

/** Which of these texts lie anywhere in the memory of a process. It is read once for all of them. */
export async function thoseInMemory(pid: number, texts: readonly string[]): Promise<string[]> {
  const sought = new Map(texts.map((text) => [text, renderingsOf(text)]));
  const found: string[] = [];
  const overlap = Math.max(...[...sought.values()].flat().map(({ length }) => length)) - 1;
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8');
  await using memory = await open(`/proc/${pid}/mem`);
  for (const line of maps.split('\n')) {
    const [, from = '0', to = '0'] = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line) ?? [];
    // The kernel's own page cannot be read, and file offsets end before it.
    const [start, end] = [Number.parseInt(from, 16), Number.parseInt(to, 16)];
    if (start >= Number.MAX_SAFE_INTEGER) continue;
    for (let at = start; at < end && sought.size > 0; at += PIECE) {
      const length = Math.min(PIECE + overlap, end - at);
      const read = await memory.read(Buffer.alloc(length), 0, length, at).catch(() => null);
      if (!read) continue;
      for (const [text, wanted] of sought) {
        if (!wanted.some((each) => read.buffer.includes(each))) continue;
        found.push(text);
        sought.delete(text);
      }
    }
  }
  return found;
}
