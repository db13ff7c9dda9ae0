import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { TokenError } from './token-error.ts';

/** The claims of an assertion (RFC 7523 3), and what else a kind adds. */
export interface Assertion {
  readonly issuer: string;
  readonly audience?: string;
  readonly subject?: string;
  readonly keyId?: string | null;
  readonly more?: Readonly<Record<string, string>>;
  /** Seconds before now at which it begins, for a host whose clock is behind. */
  readonly ageSeconds?: number;
  readonly lifeSeconds: number;
}

/**
 * Signs an assertion with a private key in PEM, as PKCS #8, PKCS #1 or SEC 1. The algorithm follows from the key.
 * @throws TokenError `bad_secret`
 */
export async function signAssertion(pem: string, assertion: Assertion): Promise<string> {
  const key = readKey(pem);
  const now = Math.floor(Date.now() / 1_000);
  const { keyId, audience, subject, ageSeconds = 0 } = assertion;
  const claims = new SignJWT({ ...assertion.more })
    .setProtectedHeader({ alg: algorithmOf(key), typ: 'JWT', ...(keyId ? { kid: keyId } : {}) })
    .setIssuer(assertion.issuer)
    .setIssuedAt(now - ageSeconds)
    .setExpirationTime(now + assertion.lifeSeconds);
  if (audience !== undefined) claims.setAudience(audience);
  if (subject !== undefined) claims.setSubject(subject);
  return claims.sign(key);
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause is left out on purpose, because a parser's message may quote what it read.
    throw new TokenError('bad_secret', 'the private key cannot be read');
  }
}

/** RFC 7518 3.1 and RFC 8037 3.1. */
function algorithmOf(key: KeyObject): string {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return 'RS256';
    case 'ed25519':
      return 'EdDSA';
    case 'ec': {
      const name = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' }[
        key.asymmetricKeyDetails?.namedCurve ?? ''
      ];
      if (name) return name;
    }
  }
  throw new TokenError('bad_secret', 'the private key is of a kind that no assertion is signed with');
}
