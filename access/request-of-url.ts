import type { JudgedRequest } from './decision.ts';
import { parseHostName } from './host-name.ts';
import { canonicalPath } from './path-match.ts';

const URL_PARTS = /^(https?):\/\/([^/?#]*)([^?#]*)/i;
const AUTHORITY = /^([^:]*)(?::([1-9][0-9]{0,4}))?$/;

/**
 * The request that a method and a URL make, as the proxy would judge it. The class `URL` is not used, because it
 * changes the text: it turns `127.1` into an address and rewrites names in other scripts.
 *
 * @throws Error with a message for people when the proxy would refuse the request as malformed
 */
export function requestOfUrl(method: string, url: string): JudgedRequest {
  const [, schemeText = '', authority = '', rawPath = ''] =
    URL_PARTS.exec(url) ?? fail(url, 'must begin with http:// or https://');
  const scheme = schemeText.toLowerCase() === 'https' ? 'https' : 'http';
  const [, hostText = '', portText] =
    AUTHORITY.exec(authority) ?? fail(url, 'has a host or port that no request can have');
  const port = portText === undefined ? (scheme === 'https' ? 443 : 80) : Number(portText);
  if (port > 65_535) fail(url, 'has a port above 65535');
  const parsed = parseHostName(hostText);
  if ('refused' in parsed) return fail(url, `has a host that ${parsed.refused}`);
  const path = canonicalPath(rawPath === '' ? '/' : rawPath);
  if ('refused' in path) return fail(url, `has a path that ${path.refused}`);
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method)) throw new Error(`${JSON.stringify(method)} is no method`);
  return { method, scheme, host: parsed.host, port, path: path.path };
}

function fail(url: string, why: string): never {
  throw new Error(`${url} ${why}; the proxy refuses it before it looks at any rule`);
}
