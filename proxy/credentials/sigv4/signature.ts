import { createHash, createHmac } from 'node:crypto';

/** A key of an AWS account. */
export interface AwsKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Null for a key that does not expire. */
  readonly sessionToken: string | null;
}

/** Everything that a signature covers. */
export interface Signable {
  readonly method: string;
  /** The canonical URI: encoded once for S3, twice for the others. */
  readonly path: string;
  /** Encoded names and values. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** The headers that are signed, names in lower case. One character a byte. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The SHA-256 of the body in hexadecimal, or a word that stands for a body that is not signed. */
  readonly payload: string;
  readonly region: string;
  readonly service: string;
  /** ISO 8601 basic, such as `20150830T123600Z`. */
  readonly date: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/**
 * The value of the Authorization header by Signature Version 4.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function authorizationOf(signable: Signable, key: AwsKey): string {
  const { region, service, date } = signable;
  const day = date.slice(0, 8);
  const scope = [day, region, service, 'aws4_request'];
  const headers = canonicalHeaders(signable.headers);
  const names = headers.map(([name]) => name).join(';');
  const request = [
    signable.method,
    signable.path,
    canonicalQuery(signable.query),
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    signable.payload,
  ].join('\n');
  const text = [ALGORITHM, date, scope.join('/'), sha256(Buffer.from(request, 'latin1'))].join('\n');
  const signingKey = scope.reduce<Buffer>(hmac, Buffer.from(`AWS4${key.secretAccessKey}`));
  const signature = hmac(signingKey, text).toString('hex');
  const credential = `${key.accessKeyId}/${scope.join('/')}`;
  return `${ALGORITHM} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
}

/** The SHA-256 in lower-case hexadecimal, as signatures contain it. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Sorted by name. Values of the same name are joined, and runs of spaces become one. */
function canonicalHeaders(headers: Signable['headers']): [string, string][] {
  const values = new Map<string, string[]>();
  for (const [name, value] of headers) {
    values.set(name, [...(values.get(name) ?? []), value.trim().replace(/\s+/g, ' ')]);
  }
  return [...values].map(([name, all]): [string, string] => [name, all.join(',')]).sort(byText);
}

function canonicalQuery(query: Signable['query']): string {
  return query
    .map(([name, value]): [string, string] => [name, value])
    .sort(byText)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** By code points, as AWS sorts: first the name, then the value. */
function byText(a: readonly [string, string], b: readonly [string, string]): number {
  return compare(a[0], b[0]) || compare(a[1], b[1]);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
