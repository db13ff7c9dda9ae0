import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

/** What a secret text holds, or why it holds nothing of that kind. A problem never repeats a part of the secret. */
export type SecretForm<T> = { readonly value: T } | { readonly problem: string };

/** A key of an AWS account. The session token is null for a key that does not expire. */
export interface AwsSecret {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
  /** When the key ends, if the text says so. */
  readonly expiresAt: Date | null;
}

export interface ClientCertificate {
  /** PEM: the client's certificate, then those of its issuers. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  readonly expiresAt: Date;
}

/** What a person has granted by OAuth. */
export interface GrantedTokens {
  readonly accessToken: string;
  /** Null when none was issued: then the person grants another one when this ends. */
  readonly refreshToken: string | null;
  /** Milliseconds since 1970. Null when the server did not say. */
  readonly expiresAt: number | null;
}

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;
const AWS_TEXT = /^[\x21-\x7e]+$/;

/** A JSON object from names to texts. */
export function textsOf(secret: string): SecretForm<Readonly<Record<string, string>>> {
  const parsed = objectOf(secret);
  if ('problem' in parsed) return parsed;
  const wrong = Object.keys(parsed.value).find((name) => typeof parsed.value[name] !== 'string');
  if (wrong !== undefined) return { problem: `has something else than text as ${shown(wrong)}` };
  return { value: parsed.value as Record<string, string> };
}

/** A JSON object of any values. */
export function objectOf(secret: string): SecretForm<Readonly<Record<string, unknown>>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(secret);
  } catch {
    // The parser's own words are left out, because they quote the text.
    return { problem: 'is not JSON' };
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return { problem: 'is no JSON object' };
  return { value: parsed as Record<string, unknown> };
}

/**
 * `{"access_key_id":…,"secret_access_key":…,"session_token":…}`, the same as AWS's own tools print it
 * (`AccessKeyId` and so on), or `id:key` and `id:key:token`.
 */
export function awsSecretOf(secret: string): SecretForm<AwsSecret> {
  const named = secret.trimStart().startsWith('{') ? objectOf(secret) : pairOf(secret);
  if ('problem' in named) return named;
  const get = (name: string) => {
    const found = Object.entries(named.value).find(([key]) => key.replaceAll('_', '').toLowerCase() === name);
    return found?.[1];
  };
  const [accessKeyId, secretAccessKey, sessionToken] = [
    get('accesskeyid'),
    get('secretaccesskey'),
    get('sessiontoken'),
  ];
  if (!isAwsText(accessKeyId)) return { problem: 'has no access_key_id' };
  if (/[/,\s]/.test(accessKeyId)) return { problem: 'has an access_key_id with a character that no such id has' };
  if (!isAwsText(secretAccessKey)) return { problem: 'has no secret_access_key' };
  if (sessionToken !== undefined && sessionToken !== '' && !isAwsText(sessionToken)) {
    return { problem: 'has a session_token that no header can have' };
  }
  const expiration = new Date(String(get('expiration')));
  return {
    value: {
      accessKeyId,
      secretAccessKey,
      sessionToken: isAwsText(sessionToken) ? sessionToken : null,
      expiresAt: Number.isNaN(expiration.getTime()) ? null : expiration,
    },
  };
}

/** RFC 6749 appendix A. An access token goes into a header, so it has no space (RFC 6750 2.1). */
const ACCESS_TOKEN = /^[\x21-\x7e]{1,16384}$/;
const REFRESH_TOKEN = /^[\x20-\x7e]{1,16384}$/;

/** `{"access_token":…,"refresh_token":…,"expires_at":…}` */
export function grantedTokensOf(secret: string): SecretForm<GrantedTokens> {
  const parsed = objectOf(secret);
  if ('problem' in parsed) return parsed;
  const { access_token: access, refresh_token: refresh = null, expires_at: ends = null } = parsed.value;
  if (typeof access !== 'string' || !ACCESS_TOKEN.test(access)) return { problem: 'has no access_token for a header' };
  if (refresh !== null && (typeof refresh !== 'string' || !REFRESH_TOKEN.test(refresh))) {
    return { problem: 'has a refresh_token with a character that none can have' };
  }
  if (ends !== null && !Number.isSafeInteger(ends)) return { problem: 'has an expires_at that is no time' };
  return { value: { accessToken: access, refreshToken: refresh, expiresAt: ends as number | null } };
}

/** The text that {@link grantedTokensOf} reads. */
export function grantedTokensText({ accessToken, refreshToken, expiresAt }: GrantedTokens): string {
  return JSON.stringify({
    access_token: accessToken,
    ...(refreshToken !== null && { refresh_token: refreshToken }),
    ...(expiresAt !== null && { expires_at: expiresAt }),
  });
}

/** A private key as PEM, without a passphrase. @param types the kinds of key that can be used, as Node names them */
export function privateKeyOf(pem: string, types: readonly string[]): SecretForm<KeyObject> {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    return { problem: 'is a private key with a passphrase: take it off, as with `openssl pkey -in key.pem`' };
  }
  const blocks = [...pem.matchAll(PEM_BLOCK)].filter(([, label = '']) => label.endsWith('PRIVATE KEY'));
  if (blocks.length === 0) return { problem: 'has no private key in PEM form (-----BEGIN PRIVATE KEY-----)' };
  if (blocks.length > 1) return { problem: 'has more than one private key' };
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: blocks[0]?.[0] ?? '', format: 'pem' });
  } catch {
    return { problem: 'has a private key that cannot be read: the text between BEGIN and END is damaged' };
  }
  const type = key.asymmetricKeyType ?? 'unknown';
  if (!types.includes(type))
    return { problem: `has a private key of the type ${type}; usable are: ${types.join(', ')}` };
  return { value: key };
}

/** The client's certificate and its private key, one after the other in any order, then certificates of its issuers. */
export function clientCertificateOf(pem: string): SecretForm<ClientCertificate> {
  const key = privateKeyOf(pem, ['rsa', 'rsa-pss', 'ec', 'ed25519', 'ed448']);
  if ('problem' in key) return key;
  const blocks = [...pem.matchAll(PEM_BLOCK)].filter(([, label]) => label === 'CERTIFICATE').map(([text]) => text);
  if (blocks.length === 0) return { problem: 'has no certificate in PEM form (-----BEGIN CERTIFICATE-----)' };
  let first: X509Certificate;
  try {
    [first] = blocks.map((block) => new X509Certificate(block)) as [X509Certificate];
  } catch {
    return { problem: 'has a certificate that cannot be read: the text between BEGIN and END is damaged' };
  }
  if (!first.checkPrivateKey(key.value)) {
    return { problem: 'has a private key that does not belong to its first certificate' };
  }
  const exported = key.value.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { value: { certificate: `${blocks.join('\n')}\n`, key: exported, expiresAt: new Date(first.validTo) } };
}

function pairOf(secret: string): SecretForm<Readonly<Record<string, unknown>>> {
  const parts = secret.split(':');
  if (parts.length < 2 || parts.length > 3) {
    return {
      problem: 'is neither JSON with access_key_id and secret_access_key, nor of the form id:key or id:key:token',
    };
  }
  const [accesskeyid, secretaccesskey, sessiontoken] = parts;
  return { value: { accesskeyid, secretaccesskey, ...(sessiontoken === undefined ? {} : { sessiontoken }) } };
}

function isAwsText(value: unknown): value is string {
  return typeof value === 'string' && AWS_TEXT.test(value);
}

/** A name from the secret, if it looks like a name. */
function shown(name: string): string {
  return /^[\w.-]{1,40}$/.test(name) ? name : 'one of its members';
}
