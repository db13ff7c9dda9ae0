/** The letters by which the person in the browser shows that they are the person in Slack. */
import { createHash, randomInt, timingSafeEqual } from 'node:crypto';

/** No vowels, so that they form no word, and no letters that look alike (RFC 8628 6.1). */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const LENGTH = 8;

/** The attempt that they belong to. Its version is never used twice. */
interface Attempt {
  readonly version: number;
}

/** @example 'WDJB-MJHT' */
export function newProof(): string {
  const letters = Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return `${letters.slice(0, LENGTH / 2)}-${letters.slice(LENGTH / 2)}`;
}

/** What is stored of them. */
export function proofDigest({ version }: Attempt, letters: string): string {
  const plain = letters.toUpperCase().replace(/[^A-Z]/g, '');
  return createHash('sha256').update(`${version}:${plain}`).digest('hex');
}

/**
 * Whether these are the letters of the attempt. Compared in constant time; false for an attempt without letters
 * (`digest` is null).
 */
export function isProof(attempt: Attempt, letters: string, digest: string | null): boolean {
  if (digest === null) return false;
  return timingSafeEqual(Buffer.from(proofDigest(attempt, letters)), Buffer.from(digest));
}
