import { randomBytes } from 'node:crypto';

/** A password for a database role: 32 random bytes, safe in an address. */
export function newPassword(): string {
  return randomBytes(32).toString('base64url');
}
