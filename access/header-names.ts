/** Headers that the proxy never passes on, so none of them can carry a credential. Compared by {@link headerKey}. */

/** Headers for one connection only (RFC 9110 7.6.1), and headers that the proxy writes itself. */
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
 * Headers that some origins trust more than the request itself: they name another sender, user, host, path or method.
 * One that names a method could turn an allowed POST into a DELETE. `Sudo` makes GitLab and Gitea act as another user.
 */
const ROUTING: ReadonlySet<string> = new Set([
  'cf-connecting-ip',
  'client-ip',
  'forwarded',
  'sudo',
  'true-client-ip',
  'via',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-forwarded',
  'x-host',
  'x-http-destinationurl',
  'x-http-method',
  'x-real-ip',
]);
/** `X-Original-URL`, `X-HTTP-Method-Override`. Envoy forwards to the address in `x-envoy-original-dst-host`. */
const OTHER_TARGET =
  /^x-(?:envoy-)?(?:original|override|rewrite)-(?:dst-host|host|method|path|uri|url)$|^x-(?:http-)?(?:host|method|path|uri|url)-override$/;

const ROUTING_PREFIXES = ['proxy-', 'x-forwarded-', 'x-agent-proxy'];

/**
 * A header name for comparing: lower case, with `-` for every character that is not a letter or digit. Many servers
 * treat `-` and `_` as the same (RFC 3875 4.1.18 turns both into `_`), and some do so with every other character.
 */
export function headerKey(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}

/**
 * Whether the proxy drops a header: it belongs to one connection (RFC 9110 7.6.1), or could redirect the request.
 * @param key from `headerKey`
 */
export function stopsAtProxy(key: string): boolean {
  if (HOP_BY_HOP.has(key) || ROUTING.has(key) || OTHER_TARGET.test(key)) return true;
  return ROUTING_PREFIXES.some((prefix) => key.startsWith(prefix));
}
