import type { UnsignedRequest } from '../injection.ts';
import { cannotSign } from './cannot-sign.ts';
import { isS3 } from './s3.ts';

/**
 * How the body of a request is covered by its signature.
 * - `said`: the client says it in `x-amz-content-sha256`. A hash is signed as it is, so AWS refuses another body.
 * - `hash`: the body has to be read and hashed before the request leaves.
 * - `plain-chunks`: the client signed each chunk with a key that is none. The chunks are joined to an ordinary body.
 */
export type Payload =
  | { readonly how: 'said'; readonly payload: string }
  | { readonly how: 'hash' }
  | { readonly how: 'plain-chunks'; readonly length: number };

const HASH = /^[0-9a-f]{64}$/;
export const UNSIGNED = 'UNSIGNED-PAYLOAD';
/** Chunks without signatures, with a checksum behind them. Nothing in it was made with a key. */
const UNSIGNED_CHUNKS = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
const SIGNED_CHUNKS: ReadonlySet<string> = new Set([
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
]);
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/**
 * Decides how the body is covered.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 * @throws Refusal `cannot_sign` for a form that only the holder of the key can make
 */
export function payloadOf({ headers, hasBody }: UnsignedRequest, service: string): Payload {
  const said = headers.filter(([name]) => name === 'x-amz-content-sha256').map(([, value]) => value);
  if (said.length > 1) throw cannotSign('it has more than one X-Amz-Content-Sha256');
  const [word] = said;
  if (word === undefined) {
    if (!hasBody) return { how: 'said', payload: EMPTY };
    // Over TLS, S3 takes a body that is not signed. So it need not be read before it is sent.
    return isS3(service) ? { how: 'said', payload: UNSIGNED } : { how: 'hash' };
  }
  if (HASH.test(word) || word === UNSIGNED) return { how: 'said', payload: word };
  if (!isS3(service)) throw cannotSign(`only S3 knows bodies of the form ${printable(word)}`);
  if (word === UNSIGNED_CHUNKS) return { how: 'said', payload: word };
  if (!SIGNED_CHUNKS.has(word)) throw cannotSign(`bodies of the form ${printable(word)} cannot be signed anew`);
  const length = headers.find(([name]) => name === 'x-amz-decoded-content-length')?.[1] ?? '';
  if (!/^(0|[1-9][0-9]{0,14})$/.test(length)) throw cannotSign('it has no X-Amz-Decoded-Content-Length');
  return { how: 'plain-chunks', length: Number(length) };
}

function printable(word: string): string {
  return word.slice(0, 60).replace(/[^\w-]/g, '?');
}
