import { LRUCache } from 'lru-cache';
import { Refusal } from '../refusal.ts';

/** Ciphertexts, as PostgreSQL has them. */
export interface SealedCredentials {
  /** Null when this version is not stored. @throws Refusal `policy_stale` while PostgreSQL is away too long */
  get(connection: string, version: number): Promise<Uint8Array | null>;
  /** Forgets everything, so that what was deleted is not used again. */
  clear(): void;
}

export interface SealedCredentialsOptions {
  readonly load: (connection: string, version: number) => Promise<Uint8Array | null>;
}

/** How long a ciphertext is used without asking PostgreSQL again: as long as an injection may go unconfirmed. */
const KEPT_MS = 30_000;
const MAX_KEPT = 1_000;

/** Keeps ciphertexts for 30 seconds. Loads of the same one that come together are one. */
export function createSealedCredentials({ load }: SealedCredentialsOptions): SealedCredentials {
  const kept = new LRUCache<string, Uint8Array>({ max: MAX_KEPT, ttl: KEPT_MS });
  const loading = new Map<string, Promise<Uint8Array | null>>();
  return {
    async get(connection, version) {
      const key = `${version}:${connection}`;
      const found = kept.get(key);
      if (found) return found;
      let underWay = loading.get(key);
      if (!underWay) {
        underWay = load(connection, version).finally(() => loading.delete(key));
        loading.set(key, underWay);
      }
      const text = await underWay.catch(() => {
        throw new Refusal('policy_stale', 'The credential cannot be read: the database is away.', { connection });
      });
      if (text) kept.set(key, text);
      return text;
    },
    clear: () => kept.clear(),
  };
}
