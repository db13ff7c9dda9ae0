import { isIPv4, isIPv6 } from 'node:net';
import { type CanonicalHost, parseHostName } from '../../access/host-name.ts';
import { type AskedAddress, Refusal } from '../refusal.ts';

/** Where a request goes, in canonical form. Everything after the parser uses only this form. */
export interface Authority {
  readonly host: CanonicalHost;
  readonly port: number;
}

const PORT = /^[1-9][0-9]{0,4}$/;
const MAX_PORT = 65_535;
/** Characters of a text that is no host, in the event. */
const MOST_SHOWN = 200;

/**
 * Reads `host:port` (RFC 9110 7.1, without user information). The port is required unless a default is given.
 * @throws Refusal `bad_authority`; `address_literal` for a well-formed IP address, which no rule can name
 */
export function parseAuthority(text: string, defaultPort?: number): Authority {
  const literal = /^\[([0-9A-Fa-f:.]+)\](?::(.*))?$/s.exec(text);
  if (literal) {
    const [, address = '', given] = literal;
    if (!isIPv6(address)) throw refused(text, 'has brackets around something else than an IPv6 address');
    throw addressLiteral(address, { host: `[${address}]`, port: portOf(text, given, defaultPort) });
  }
  const colon = text.indexOf(':');
  const name = colon === -1 ? text : text.slice(0, colon);
  const port = portOf(text, colon === -1 ? undefined : text.slice(colon + 1), defaultPort);
  if (isIPv4(name)) throw addressLiteral(name, { host: name, port });
  const parsed = parseHostName(name);
  if ('refused' in parsed) throw refused(text, parsed.refused);
  return { host: parsed.host, port };
}

/** Both are in canonical form, so comparing texts is enough. */
export function sameAuthority(a: Authority, b: Authority): boolean {
  return a.host === b.host && a.port === b.port;
}

/** The value of a Host header. The scheme's default port is left out (RFC 9110 7.2). */
export function hostHeader({ host, port }: Authority, scheme: 'http' | 'https'): string {
  return port === defaultPortOf(scheme) ? host : `${host}:${port}`;
}

/** RFC 9110 4.2.1 and 4.2.2. */
export function defaultPortOf(scheme: 'http' | 'https'): number {
  return scheme === 'https' ? 443 : 80;
}

function portOf(text: string, port: string | undefined, defaultPort: number | undefined): number {
  if (port === undefined && defaultPort !== undefined) return defaultPort;
  if (port === undefined) throw refused(text, 'has no port');
  if (!PORT.test(port) || Number(port) > MAX_PORT) {
    throw refused(text, 'has a port that is not a number from 1 to 65535');
  }
  return Number(port);
}

/** The event says what it was, since there is no host that could stand in it. A name and password before the host are nobody's business. */
function refused(text: string, reason: string): Refusal {
  const detail = `It was ${JSON.stringify(text.replace(/^.*@/s, '…@').slice(0, MOST_SHOWN))}.`;
  return new Refusal('bad_authority', `The host of this request ${reason}.`, { detail });
}

function addressLiteral(address: string, asked: AskedAddress): Refusal {
  return new Refusal('address_literal', `${address} is an address. Only hosts with a name can be allowed.`, { asked });
}
