import { open } from 'node:fs/promises';

const TAIL_BYTES = 4_096;

/** The last line of a log that gives a reason, for an error message. Of a JSON line, its `msg`. Empty when there is none. */
export async function lastWords(file: string): Promise<string> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read({
      buffer: Buffer.alloc(TAIL_BYTES),
      position: Math.max(0, size - TAIL_BYTES),
    });
    const lines = buffer.toString('utf8', 0, bytesRead).trim().split('\n');
    // PostgreSQL gives its reason (FATAL) first, and then says that it is shut down.
    const line = lines.slice(-3).findLast((each) => / FATAL: /.test(each)) ?? lines.at(-1) ?? '';
    return messageOf(line).slice(0, 500);
  } finally {
    await handle.close();
  }
}

function messageOf(line: string): string {
  try {
    const parsed = JSON.parse(line) as { msg?: unknown; err?: { message?: unknown } };
    return String(parsed.err?.message ?? parsed.msg ?? line);
  } catch {
    return line;
  }
}
