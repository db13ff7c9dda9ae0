import type { RequestBody } from '../request/request-body.ts';
import { type RequestHead, valuesOf } from '../request/request-head.ts';
import { exceededBy, type JsonLimits } from './json-size.ts';

/** Enough for a long description of a pull request, or a batch of LFS objects. Files are pushed with git. */
const MAX_JSON = 1024 * 1024;
/** A judged body stays in memory until its request is over, and a value of two letters may take fifty bytes there. */
const LIMITS: JsonLimits = { values: 20_000, depth: 100 };
const TOO_MUCH: Readonly<Record<keyof JsonLimits, string>> = {
  values: `The body has more than ${LIMITS.values} values. Send less at once.`,
  depth: `The body is nested more than ${LIMITS.depth} levels deep.`,
};
const JSON_TYPE = /^application\/(?:json|[\w.-]+\+json)(?:\s*;\s*charset="?utf-8"?)?\s*$/i;
export type JsonContent =
  | { readonly json: Readonly<Record<string, unknown>> | null; readonly body: Buffer | null }
  /** Why it cannot be judged, as a sentence. */
  | { readonly refused: string };

/**
 * Reads a JSON body. What is sent is written anew from what was read, so that nobody reads a doubled field in another
 * way than it was judged. Whoever judges it must refuse fields that it does not know: some forges take `Head` for `head`.
 */
export async function readJson(head: RequestHead, body: RequestBody): Promise<JsonContent> {
  if (valuesOf(head.headers, 'content-encoding').length > 0) return { refused: 'Send the body without compression.' };
  const bytes = await body.whole(MAX_JSON);
  if (bytes === 'too-large') return { refused: `The body is larger than ${MAX_JSON} bytes. Push files with git.` };
  if (bytes.length === 0) return { json: null, body: null };
  const types = valuesOf(head.headers, 'content-type');
  if (types.length !== 1 || !JSON_TYPE.test(types[0] ?? '')) {
    return { refused: 'Send the body as JSON, with Content-Type application/json.' };
  }
  const exceeded = exceededBy(bytes, LIMITS);
  if (exceeded !== null) return { refused: TOO_MUCH[exceeded] };
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { refused: 'The body is no JSON.' };
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    return { refused: 'The body is no JSON object.' };
  const written = Buffer.from(JSON.stringify(json));
  // `1e20` is written with 21 digits.
  body.setAside(Math.max(0, written.length - bytes.length));
  return { json: json as Record<string, unknown>, body: written };
}
