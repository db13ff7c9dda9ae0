import { HOP_BY_HOP, headerKey } from '../../access/header-names.ts';

/** Of our own, or about connections that the sandbox does not have. */
const OURS: ReadonlySet<string> = new Set([
  'alt-svc',
  'proxy-authenticate',
  'proxy-authentication-info',
  'x-agent-proxy',
]);

/**
 * The headers of an answer as the sandbox gets them: everything but what belongs to one connection. The length stays,
 * so that a download that breaks off is seen to have broken off.
 *
 * @param raw names and values alternating, as they came
 */
export function responseHeaders(raw: readonly (Buffer | string)[]): string[] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) pairs.push([text(raw[index]), text(raw[index + 1])]);
  const named = new Set(
    pairs
      .filter(([name]) => name.toLowerCase() === 'connection')
      .flatMap(([, value]) => value.split(',').map((part) => headerKey(part.trim()))),
  );
  return pairs
    .filter(([name]) => {
      const key = headerKey(name);
      if (key === 'content-length') return true;
      return !HOP_BY_HOP.has(key) && !OURS.has(key) && !named.has(key);
    })
    .flat();
}

function text(value: Buffer | string | undefined): string {
  return typeof value === 'string' ? value : (value?.toString('latin1') ?? '');
}
