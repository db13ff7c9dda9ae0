import { createHash } from 'node:crypto';
import { createCipherSuite } from './cipher-suite.ts';

/** The installation's public key. Everybody may have it; it only seals. */
export interface PublicKey {
  /** First 8 bytes of the key's SHA-256, in hexadecimal. */
  readonly id: string;
  /** 32 bytes, as RFC 7748 has them. */
  readonly bytes: Uint8Array;
}

/** The installation's key pair: the proxy's alone. */
export interface KeyPair {
  readonly publicKey: PublicKey;
  readonly privateKey: Uint8Array;
}

/** A new X25519 pair (RFC 9180, DHKEM). The private half goes into the key file and nowhere else. */
export async function createKeyPair(): Promise<KeyPair> {
  const { kem } = createCipherSuite();
  const pair = await kem.generateKeyPair();
  return {
    publicKey: publicKeyOf(new Uint8Array(await kem.serializePublicKey(pair.publicKey))),
    privateKey: new Uint8Array(await kem.serializePrivateKey(pair.privateKey)),
  };
}

/** @throws RangeError when it is not 32 bytes long */
export function publicKeyOf(bytes: Uint8Array): PublicKey {
  if (bytes.length !== 32) throw new RangeError(`an X25519 public key has 32 bytes, not ${bytes.length}`);
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 16), bytes };
}
