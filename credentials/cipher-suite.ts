import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';

/** HPKE base mode (RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. */
export function createCipherSuite(): CipherSuite {
  return new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
}

/** The `info` of RFC 9180 5.1. A text sealed with the same key for another purpose does not open with it. */
export const INFO = new TextEncoder().encode('bellhop credential 1');

/** X25519 encapsulated key, in bytes (RFC 9180 7.1). */
export const ENCAPSULATED_LENGTH = 32;
