/** Headers that stop at the proxy, and so can carry no credential. Names are compared in {@link headerKey}'s form. */

/** Meant for one connection only (RFC 9110 7.6.1), or written anew by us. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * What some origins believe over the request itself: who sent it, which host or path it is really for, or which
 * method. The last kind would turn an allowed GET or POST into a DELETE.
 */
const ROUTING: ReadonlySet<string> = new Set([
  'cf-connecting-ip',
  'client-ip',
  'forwarded',
  'true-client-ip',
  'via',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-forwarded',
  'x-host',
  'x-http-host-override',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-method',
  'x-original-url',
  'x-real-ip',
  'x-rewrite-url',
]);

const ROUTING_PREFIXES = ['proxy-', 'x-forwarded-', 'x-agent-proxy'];

/**
 * Lower-case, and `-` for whatever is no letter or digit: many servers cannot tell `-` and `_` apart (RFC 3875 4.1.18 makes both `_`),
 * and some make every other character one of them.
 */
export function headerKey(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}

/**
 * Whether a header is for this proxy alone: of the hop (RFC 9110 7.6.1), or one that would steer what comes after.
 * @param key from `headerKey`
 */
export function stopsAtProxy(key: string): boolean {
  return HOP_BY_HOP.has(key) || ROUTING.has(key) || ROUTING_PREFIXES.some((prefix) => key.startsWith(prefix));
}
