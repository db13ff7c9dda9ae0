import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The token of the printed address. Kept over restarts, so that an open page goes on working. */
export async function keptToken(home: string): Promise<string> {
  const file = path.join(home, 'page-token');
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (/^[0-9a-f]{32}$/.test(kept.trim())) return kept.trim();
  const token = randomBytes(16).toString('hex');
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeFile(file, `${token}\n`, { mode: 0o600 });
  return token;
}

/**
 * What the cookie holds: derived from the token, so that the cookie, which a browser sends to every port of
 * 127.0.0.1, is not the address a person was given.
 */
export function cookieValueOf(token: string): string {
  return createHmac('sha256', token).update('bellhop page cookie').digest('hex');
}

/** Compares in constant time; texts of different lengths differ at once. */
export function sameText(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
