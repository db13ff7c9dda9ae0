import { isIPv4, isIPv6 } from 'node:net';
import { type CanonicalHost, parseHostName } from '../../access/host-name.ts';
import { Refusal } from '../refusal.ts';

/** Where a request goes, in canonical form. Everything after the parser uses only this form. */
export interface Authority {
  readonly host: CanonicalHost;
  readonly port: number;
}

const PORT = /^[1-9][0-9]{0,4}$/;
const MAX_PORT = 65_535;

/**
 * Reads `host:port` (RFC 9110 7.1, without user information). The port is required unless a default is given.
 * @throws Refusal `bad_authority`; `address_literal` for a well-formed IP address, which no rule can name
 */
export function parseAuthority(text: string, defaultPort?: number): Authority {
  const literal = /^\[([0-9A-Fa-f:.]+)\](?::(.*))?$/s.exec(text);
  if (literal) {
    if (!isIPv6(literal[1] ?? '')) throw refused('has brackets around something else than an IPv6 address');
    portOf(literal[2], defaultPort);
    throw addressLiteral(literal[1] ?? '');
  }
  const colon = text.indexOf(':');
  const name = colon === -1 ? text : text.slice(0, colon);
  const port = portOf(colon === -1 ? undefined : text.slice(colon + 1), defaultPort);
  if (isIPv4(name)) throw addressLiteral(name);
  const parsed = parseHostName(name);
  if ('refused' in parsed) throw refused(parsed.refused);
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

function portOf(text: string | undefined, defaultPort: number | undefined): number {
  if (text === undefined && defaultPort !== undefined) return defaultPort;
  if (text === undefined) throw refused('has no port');
  if (!PORT.test(text) || Number(text) > MAX_PORT) throw refused('has a port that is not a number from 1 to 65535');
  return Number(text);
}

function refused(reason: string): Refusal {
  return new Refusal('bad_authority', `The host of this request ${reason}.`);
}

function addressLiteral(address: string): Refusal {
  return new Refusal('address_literal', `${address} is an address. Only hosts with a name can be allowed.`);
}
