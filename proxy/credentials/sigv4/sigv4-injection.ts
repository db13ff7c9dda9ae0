import { headerKey } from '../../../access/header-names.ts';
import { Refusal } from '../../refusal.ts';
import type { SignedRequest, SigningInjection, UnsignedRequest } from '../injection.ts';
import { awsPlace, regionOfScope, servesAllRegions } from './aws-host.ts';
import { joinChunks } from './chunks.ts';
import { checkNamedObjects } from './named-objects.ts';
import { type Payload, payloadOf, UNSIGNED } from './payload.ts';
import { isS3, s3Path } from './s3.ts';
import { type AwsKey, authorizationOf, sha256 } from './signature.ts';
import { uriDecode, uriEncode } from './uri-encoding.ts';
import { refuseVersion4A } from './version-4a.ts';

export interface SigV4Options {
  readonly key: AwsKey;
  /** Null is read from the host. */
  readonly region: string | null;
  readonly service: string | null;
  /** For the message of a refusal. */
  readonly connection: string;
  readonly now?: () => Date;
}

type Pair = readonly [name: string, value: string];

/** Parameters that make a URL presigned (Signature Version 4, and the one before). */
const PRESIGNED: ReadonlySet<string> = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
]);
const PRESIGNED_V2: ReadonlySet<string> = new Set(['AWSAccessKeyId', 'Signature', 'Expires']);
/** Headers that the client signed with its placeholder, and those that this signature makes. */
const SIGNATURE_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-s3session-token',
  'x-amz-security-token',
]);
/** Headers about signed chunks. They are dropped together with the chunks. */
const CHUNK_HEADERS: ReadonlySet<string> = new Set([
  'content-length',
  'x-amz-decoded-content-length',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-trailer',
]);
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * Signs requests to AWS by Signature Version 4. A client in the sandbox signs with a key that is none; that signature
 * is removed, from the headers and from a presigned URL, and the request is signed anew with our key, clock and query.
 */
export function sigV4Injection(options: SigV4Options): SigningInjection {
  const { key, connection, now = () => new Date() } = options;

  function placeOf({ host, query, ownAuthorization }: UnsignedRequest): { service: string; region: string } {
    const read = awsPlace(host);
    const service = options.service ?? read.service;
    // Where a host serves every region, the client knows the region of its bucket. Another region makes the signature
    // useless, and nothing else: the host is part of it.
    const claimed = servesAllRegions(host) ? regionOfScope(ownAuthorization ?? uriDecode(query)) : null;
    const region = options.region ?? claimed ?? read.region;
    if (service !== null && region !== null) return { service, region };
    const lacks = service === null ? 'service' : 'region';
    throw new Refusal(
      'inject_failed',
      `Connection ${connection} cannot be used: the host ${host} does not say the ${lacks}; set ${lacks} in its credential.`,
      { connection },
    );
  }

  return {
    way: 'sign',
    async sign(unsigned, readBody) {
      refuseVersion4A(unsigned);
      const { service, region } = placeOf(unsigned);
      const request = withoutPresigning(unsigned);
      checkNamedObjects(request);
      const payload = payloadOf(request, service);
      const hash = await hashOf(payload, readBody);
      // Not before: a body may come slowly, and AWS refuses a signature that is five minutes old.
      const date = now()
        .toISOString()
        .replace(/[-:]|\.\d{3}/g, '');
      const kept = keptHeaders(request.headers, payload);
      const headers: Pair[] = [...kept, ['x-amz-content-sha256', hash], ['x-amz-date', date]];
      if (key.sessionToken !== null) headers.push(['x-amz-security-token', key.sessionToken]);
      const path = isS3(service) ? s3Path(request) : request.path;
      const query = pairsOf(request.query);
      const authorization = authorizationOf(
        {
          method: request.method,
          path: isS3(service) ? path : path.split('/').map(uriEncode).join('/'),
          query: query.map(([name, value]) => [name, value ?? '']),
          // Some servers drop a header without a value, and then the signature would not fit.
          headers: headers.filter(([name, value]) => isSigned(name) && value.trim() !== ''),
          payload: hash,
          region,
          service,
          date,
        },
        key,
      );
      return {
        target: path + queryText(query),
        headers: [...headers, ['authorization', authorization]],
        ...(payload.how === 'plain-chunks' ? { rewriteBody: () => joinChunks(payload.length) } : {}),
      } satisfies SignedRequest;
    },
  };
}

async function hashOf(payload: Payload, readBody: () => Promise<Buffer>): Promise<string> {
  switch (payload.how) {
    case 'said':
      return payload.payload;
    case 'hash':
      return sha256(await readBody());
    case 'plain-chunks':
      return UNSIGNED;
  }
}

/** What AWS asks to be signed: the host, the type of the body, and all its own headers. */
function isSigned(name: string): boolean {
  return name === 'host' || name === 'content-type' || name === 'content-md5' || name.startsWith('x-amz-');
}

function keptHeaders(headers: readonly Pair[], payload: Payload): Pair[] {
  const kept = headers.filter(([name]) => !SIGNATURE_HEADERS.has(headerKey(name)));
  if (payload.how !== 'plain-chunks') return kept;
  const plain = kept.flatMap(([name, value]): Pair[] => {
    if (CHUNK_HEADERS.has(name)) return [];
    if (name !== 'content-encoding') return [[name, value]];
    const codings = value.split(',').filter((coding) => coding.trim().toLowerCase() !== 'aws-chunked');
    return codings.length === 0 ? [] : [[name, codings.join(',').trim()]];
  });
  return [...plain, ['content-length', String(payload.length)]];
}

/**
 * The request of a presigned URL without its signature. Such a URL may hold headers of AWS as parameters. They count
 * only with that signature, so they become headers again.
 */
function withoutPresigning(request: UnsignedRequest): UnsignedRequest {
  const pairs = rawPairs(request.query);
  const names = pairs.map(([name]) => name);
  const isV2 = [...PRESIGNED_V2].every((name) => names.includes(name)) || names.includes('AWSAccessKeyId');
  const isPresigned = names.some((name) => PRESIGNED.has(name.toLowerCase()));
  if (!isPresigned && !isV2) return request;
  const headers: Pair[] = [...request.headers];
  const kept = pairs.filter(([name, value]) => {
    const key = name.toLowerCase();
    if (PRESIGNED.has(key) || (isV2 && PRESIGNED_V2.has(name))) return false;
    const text = uriDecode(value ?? '');
    if (!/^x-amz-[\w-]+$/.test(key) || !HEADER_VALUE.test(text)) return true;
    if (!headers.some(([header]) => header === key)) headers.push([key, text]);
    return false;
  });
  return { ...request, headers, query: queryText(kept) };
}

/** Decoded names, with values as they stand. Null for a parameter without `=`. */
function rawPairs(query: string): [name: string, value: string | null][] {
  return query
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      return equals === -1 ? [pair, null] : [pair.slice(0, equals), pair.slice(equals + 1)];
    });
}

/**
 * Names and values encoded as AWS does. Servers read `+` in a query as a space, and some do not. So it is written as
 * `%20`, which all of them read alike.
 */
function pairsOf(query: string): [name: string, value: string | null][] {
  const encode = (text: string) => uriEncode(uriDecode(text.replaceAll('+', ' ')));
  return rawPairs(query).map(([name, value]) => [encode(name), value === null ? null : encode(value)]);
}

function queryText(pairs: readonly (readonly [name: string, value: string | null])[]): string {
  if (pairs.length === 0) return '';
  return `?${pairs.map(([name, value]) => (value === null ? name : `${name}=${value}`)).join('&')}`;
}
