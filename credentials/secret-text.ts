import type { CredentialUse } from '../access/credential-use.ts';
import {
  awsSecretOf,
  clientCertificateOf,
  grantedTokensOf,
  objectOf,
  privateKeyOf,
  type SecretForm,
  textsOf,
} from './secret-forms.ts';

/** A token, a password or another text of one line. */
const MAX_LINE = 16_384;
/** A key, a chain of certificates or a JSON file. */
const MAX_FILE = 65_536;
/** Visible ASCII, with spaces inside. Every server accepts this as a header value (RFC 9110 5.5). */
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const CONTROL = /\p{Cc}/u;
/** Kinds whose secret is a file with several lines: PEM or JSON. */
const FILES: ReadonlySet<CredentialUse['kind']> = new Set([
  'aws-sigv4',
  'gcp',
  'github-app',
  'headers',
  'mtls',
  'oauth',
  'oauth-grant',
  'oauth-jwt',
]);
/** Signature algorithms of JSON Web Tokens exist for these (RFC 7518, RFC 8037). */
const JWT_KEYS = ['rsa', 'ec', 'ed25519'] as const;

/**
 * Why a secret cannot be used for this kind of credential. Null when it can. Checked before it is sealed, and again
 * when it is opened, because a line break in a header value would begin another header.
 *
 * @returns the end of a sentence that begins with "the secret of <connection>". It holds no part of the secret.
 */
export function secretProblem(use: CredentialUse, secret: string): string | null {
  const isFile = FILES.has(use.kind);
  const limit = isFile ? MAX_FILE : MAX_LINE;
  if (secret === '') return 'is empty';
  if (Buffer.byteLength(secret) > limit) return `is longer than ${limit} bytes`;
  if (CONTROL.test(isFile ? secret.replace(/[\t\r\n]/g, '') : secret)) {
    return 'has a line break or another control character';
  }
  switch (use.kind) {
    case 'bearer':
      return headerProblem(secret);
    case 'basic':
      return /^[^:]+:/.test(secret) ? null : 'is not of the form user:password (RFC 7617)';
    case 'header':
      return headerProblem(`${use.prefix}${secret}`.trimStart());
    case 'headers':
      return headersProblem(use.names, secret);
    case 'query':
    case 'body':
      return secret.trim() === secret ? null : 'has a space at an end';
    case 'aws-sigv4':
      return problemOf(awsSecretOf(secret));
    case 'gcp':
      return gcpProblem(secret);
    case 'oauth-client':
      return secret.trim() === secret ? null : 'has a space at an end';
    case 'oauth-jwt':
      return problemOf(privateKeyOf(secret, JWT_KEYS));
    case 'oauth':
      return refreshProblem(secret);
    case 'oauth-grant':
      return problemOf(grantedTokensOf(secret));
    case 'github-app':
      return problemOf(privateKeyOf(secret, ['rsa']));
    case 'mtls':
      return problemOf(clientCertificateOf(secret));
  }
}

/** Whether the secret of this kind is a file with several lines. */
export function spansLines(use: CredentialUse): boolean {
  return FILES.has(use.kind);
}

/** When a secret ends by itself, if its text says so: a certificate, or a key of AWS for a session. */
export function secretExpiry(use: CredentialUse, secret: string): Date | null {
  if (use.kind !== 'mtls' && use.kind !== 'aws-sigv4') return null;
  const form = use.kind === 'mtls' ? clientCertificateOf(secret) : awsSecretOf(secret);
  return 'problem' in form ? null : form.value.expiresAt;
}

function problemOf(form: SecretForm<unknown>): string | null {
  return 'problem' in form ? form.problem : null;
}

function headerProblem(value: string): string | null {
  return HEADER_VALUE.test(value) ? null : 'has a space at an end or a character that no header value can have';
}

function headersProblem(names: readonly string[], secret: string): string | null {
  const texts = textsOf(secret);
  if ('problem' in texts) return texts.problem;
  const given = new Map(Object.entries(texts.value).map(([name, value]) => [name.toLowerCase(), value]));
  if (given.size !== Object.keys(texts.value).length) return 'names a header twice';
  const missing = names.find((name) => !given.has(name));
  if (missing !== undefined) return `has no value for the header ${missing}`;
  if (given.size !== names.length) return `has values for other headers than ${names.join(', ')}`;
  const unfit = names.find((name) => headerProblem(given.get(name) ?? '') !== null);
  return unfit === undefined ? null : `has a value for ${unfit} that no header can have`;
}

/** Google's file: `{"type":"service_account","client_email":…,"private_key":…}`. Other members do not matter. */
function gcpProblem(secret: string): string | null {
  const file = objectOf(secret);
  if ('problem' in file) return file.problem;
  const { type, client_email: email, private_key: key } = file.value;
  if (type !== 'service_account') return 'is not the key file of a service account: its type is another one';
  if (typeof email !== 'string' || !email.includes('@')) return 'has no client_email';
  if (typeof key !== 'string' || key === '') return 'has no private_key';
  const problem = problemOf(privateKeyOf(key, ['rsa']));
  return problem === null ? null : `has a private_key that ${problem}`;
}

function refreshProblem(secret: string): string | null {
  const texts = textsOf(secret);
  if ('problem' in texts) return texts.problem;
  const { refresh_token: token, client_secret: client } = texts.value;
  // RFC 6749 appendix A: visible ASCII and spaces.
  if (token === undefined || token === '') return 'has no refresh_token';
  if (!/^[\x20-\x7e]+$/.test(token)) return 'has a refresh_token with a character that none can have';
  if (client !== undefined && !/^[\x20-\x7e]*$/.test(client))
    return 'has a client_secret with a character that none can have';
  return null;
}
