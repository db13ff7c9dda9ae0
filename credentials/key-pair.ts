import { createHash } from 'node:crypto';
import { createCipherSuite } from './cipher-suite.ts';

/** The installation's public key. It is not secret: it can seal but not open. */
export interface PublicKey {
  /** First 8 bytes of the key's SHA-256, in hexadecimal. */
  readonly id: string;
  /** The 32 bytes of RFC 7748. */
  readonly bytes: Uint8Array;
}

/** The installation's key pair. Only the proxy uses it. */
export interface KeyPair {
  readonly publicKey: PublicKey;
  readonly privateKey: Uint8Array;
}

/** Makes a new X25519 pair (RFC 9180, DHKEM). Its private key belongs in the key file and nowhere else. */
export async function createKeyPair(): Promise<KeyPair> {
  const { kem } = createCipherSuite();
  const pair = await kem.generateKeyPair();
  return {
    publicKey: publicKeyOf(new Uint8Array(await kem.serializePublicKey(pair.publicKey))),
    privateKey: new Uint8Array(await kem.serializePrivateKey(pair.privateKey)),
  };
}

/** Makes a public key from its bytes. @throws RangeError when there are not 32 of them */
export function publicKeyOf(bytes: Uint8Array): PublicKey {
  if (bytes.length !== 32) throw new RangeError(`an X25519 public key has 32 bytes, not ${bytes.length}`);
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 16), bytes };
}
