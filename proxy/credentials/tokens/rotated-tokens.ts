import { createHmac, hkdfSync } from 'node:crypto';
import type { CredentialUse } from '../../../access/credential-use.ts';
import type { CredentialBinding } from '../../../credentials/binding.ts';
import type { KeyPair } from '../../../credentials/key-pair.ts';
import { open } from '../../../credentials/open.ts';
import { seal } from '../../../credentials/seal.ts';
import { readRefreshSecret } from './oauth-tokens.ts';

/** Which chain of refresh tokens a row belongs to. */
export interface ChainKey {
  readonly connection: string;
  /** Digest of the refresh token that an administrator entered, keyed with the installation's private key. */
  readonly seed: string;
}

/** The newest refresh token of a chain, as it is stored. */
export interface StoredRotation {
  /** How often the token was replaced. 0 is the token that was entered. */
  readonly generation: number;
  /** Null in generation 0. */
  readonly sealed: Uint8Array | null;
}

/** The calls to PostgreSQL (store/refresh-tokens.ts). */
export interface RotationStore {
  /** Takes the chain for `holdMs`. Null when another holder has it. */
  claim(key: ChainKey, holder: string, holdMs: number): Promise<StoredRotation | null>;
  /** Replaces `generation` by the next one and releases the chain. False when that generation is not the newest. */
  replace(
    key: ChainKey,
    generation: number,
    next: { readonly keyId: string; readonly sealed: Buffer },
  ): Promise<boolean>;
  /** Releases the chain, unless somebody else holds it by now. */
  release(key: ChainKey, holder: string): Promise<void>;
}

const SEED_PURPOSE = 'bellhop refresh token seed 1';

/**
 * The chain of a refresh token that was entered. Each `apply` seals the entered token again, as a new version. The chain
 * does not depend on the version:
 * 1. Token A is entered as version 1 and replaced by B.
 * 2. `apply` reads A from its file once more and seals it as version 2.
 * 3. Version 2 has the same seed. Therefore B is used, and not A, whose second use would end all of them.
 */
export function chainOf({ privateKey }: KeyPair, connection: string, entered: string): ChainKey {
  const key = Buffer.from(hkdfSync('sha256', privateKey, '', SEED_PURPOSE, 32));
  const seed = createHmac('sha256', key)
    .update(JSON.stringify([connection, entered]))
    .digest('hex');
  return { connection, seed };
}

/** Seals a refresh token for its place in its chain. It opens nowhere else. */
export async function sealRotation(
  { publicKey }: KeyPair,
  key: ChainKey,
  generation: number,
  refreshToken: string,
): Promise<{ readonly keyId: string; readonly sealed: Buffer }> {
  const secret = JSON.stringify({ refresh_token: refreshToken });
  return { keyId: publicKey.id, sealed: await seal(publicKey, bindingOfRotation(key, generation), secret) };
}

/** @throws CredentialError */
export async function openRotation(
  keys: KeyPair,
  key: ChainKey,
  { generation, sealed }: StoredRotation & { sealed: Uint8Array },
): Promise<string> {
  const secret = await open(keys, bindingOfRotation(key, generation), sealed);
  return readRefreshSecret(secret).refresh_token;
}

/** Version 0 is no version of a credential, and no host is named so. Therefore neither opens in the place of the other. */
function bindingOfRotation({ connection, seed }: ChainKey, generation: number): CredentialBinding {
  return { connection, version: 0, hosts: [`refresh token ${seed}`], ports: [generation], use: ROTATED, ca: null };
}

const ROTATED: CredentialUse = { kind: 'oauth', tokenUrl: '', clientId: '', scopes: [], clientAuth: 'none' };
