/**
 * Host names in canonical form. The proxy and `bellhop.yaml` use the same parser, so that a rule and a request can
 * never mean different hosts by the same text.
 */

declare const canonical: unique symbol;

/**
 * A network name: lower-case ASCII letters, digits, `-`, `_` and dots, at most 253 characters, each label 1 to 63,
 * no dot at the end, and never an IP address in any spelling. Punycode is kept as it stands.
 */
export type CanonicalHost = string & { readonly [canonical]: 'host' };

export type ParsedHost =
  | { readonly host: CanonicalHost }
  | {
      /** Why the text is not a host name, as the end of a sentence: `is empty`. */
      readonly refused: string;
      /** True for an IP address in any spelling. Rules cannot name addresses. */
      readonly address: boolean;
    };

const MAX_HOST = 253;
const ASCII = /^[\x21-\x7e]*$/;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** WHATWG URL, "ends in a number": `127.1`, `2130706433` and `0x7f.1` are addresses to many clients. */
const NUMERIC_LABEL = /^(?:[0-9]+|0x[0-9a-f]*)$/;

/**
 * Reads the host of a request or of a rule. One dot at the end is dropped (RFC 1034 3.1); two are refused.
 *
 * @example
 *   parseHostName('API.Acme.test.') // { host: 'api.acme.test' }
 *   parseHostName('0x7f.1')         // { refused: 'is an IP address', address: true }
 */
export function parseHostName(text: string): ParsedHost {
  if (text === '') return refused('is empty');
  if (text.startsWith('[') || text.includes(':')) return { refused: 'is an IP address or has a port', address: true };
  // Before lower-casing: U+212A (Kelvin) would become an ordinary k.
  if (!ASCII.test(text))
    return refused('has a space, a control or a non-ASCII character; write such names in punycode');
  const host = text.toLowerCase().replace(/\.$/, '');
  if (host.length > MAX_HOST) return refused(`is longer than ${MAX_HOST} characters`);
  const labels = host.split('.');
  if (NUMERIC_LABEL.test(labels.at(-1) ?? '')) return { refused: 'is an IP address', address: true };
  const bad = labels.find((label) => !LABEL.test(label));
  if (bad === undefined) return { host: host as CanonicalHost };
  if (bad === '') return refused('has an empty label (a dot too many)');
  if (bad.length > 63) return refused('has a label of more than 63 characters');
  return refused(`has the label "${bad}", which no network name can have`);
}

/**
 * Whether a rule's host covers a host. An exact name covers itself. `*.suffix` covers every name below the suffix at
 * any depth, but not the suffix itself. `*` covers every host; only guardrails may use it.
 */
export function matchesHost(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*')) return pattern === host;
  const suffix = pattern.slice(1);
  return host.length > suffix.length && host.endsWith(suffix);
}

function refused(reason: string): ParsedHost {
  return { refused: reason, address: false };
}
