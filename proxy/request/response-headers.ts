import { HOP_BY_HOP, headerKey } from '../../access/header-names.ts';
import { Refusal } from '../refusal.ts';

/** Headers that only the proxy itself sends, or that concern connections the sandbox does not have. */
const OURS: ReadonlySet<string> = new Set([
  'alt-svc',
  'proxy-authenticate',
  'proxy-authentication-info',
  'x-agent-proxy',
]);

/**
 * The headers of an answer for the sandbox: all of them except those that belong to one connection. Content-Length
 * stays, so that the client notices a download that breaks off. A 204 has none (RFC 9110 8.6).
 *
 * @param raw names and values alternating, as they came
 * @throws Refusal `upstream_protocol` for a transfer coding other than chunked. Its header is not passed on, so the
 * sandbox could not decode the body.
 */
export function responseHeaders(raw: readonly (Buffer | string)[], status: number): string[] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) pairs.push([text(raw[index]), text(raw[index + 1])]);
  const codings = pairs.filter(([name]) => name.toLowerCase() === 'transfer-encoding').map(([, value]) => value.trim());
  if (codings.length > 0 && codings.join().toLowerCase() !== 'chunked') {
    throw new Refusal('upstream_protocol', 'The host answered in a transfer coding other than chunked.');
  }
  const named = new Set(
    pairs
      .filter(([name]) => name.toLowerCase() === 'connection')
      .flatMap(([, value]) => value.split(',').map((part) => headerKey(part.trim()))),
  );
  return pairs
    .filter(([name]) => {
      const key = headerKey(name);
      if (key === 'content-length') return status !== 204;
      return !HOP_BY_HOP.has(key) && !OURS.has(key) && !named.has(key);
    })
    .flat();
}

function text(value: Buffer | string | undefined): string {
  return typeof value === 'string' ? value : (value?.toString('latin1') ?? '');
}
