import { randomBytes } from 'node:crypto';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** An id in Slack's manner: a prefix and ten capitals and digits. */
export function slackId(prefix: 'F' | 'D' | 'C' | 'Ev' | 'Fu' | 'V'): string {
  return prefix + Array.from(randomBytes(10), (byte) => LETTERS[byte % LETTERS.length]).join('');
}

/** A secret for an address that must not be guessed: upload, response and socket tickets. */
export function secretId(): string {
  return randomBytes(24).toString('base64url');
}

/** What Slack puts on a block that was sent without an id. */
export function blockId(): string {
  return randomBytes(4).toString('base64url').slice(0, 5);
}
