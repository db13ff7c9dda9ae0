import ipaddr from 'ipaddr.js';
import { METADATA_ADDRESSES, METADATA_NAMES, NOBODYS_RANGES } from '../../access/unreachable.ts';

/**
 * The kind of an address. Mapped, NAT64 and 6to4 addresses are unwrapped first. `special` covers all ranges that the
 * IANA special-purpose registries keep out of the public internet; an address that is not known to be public is
 * special. `metadata` is a cloud's metadata service. `never` is an address that no host has.
 */
export type AddressClass = 'public' | 'special' | 'metadata' | 'never';

export interface ClassifiedAddress {
  readonly kind: AddressClass;
  /** The address a connection ends up at, in canonical text. This one is judged. */
  readonly address: string;
  /**
   * The address to open the socket to, in canonical text made from the judged bytes. Resolvers and systems read some
   * spellings differently, so nothing else is dialled.
   */
  readonly dialled: string;
}

const NEVER = ranges(NOBODYS_RANGES);

/** From https://www.iana.org/assignments/iana-ipv4-special-registry, and below from the same registry for IPv6. */
const SPECIAL_V4 = ranges([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '240.0.0.0/4',
]);

/** IANA has assigned public IPv6 addresses only from this range so far, and not from all of it. */
const GLOBAL_V6 = ranges(['2000::/3']);
const SPECIAL_V6 = ranges(['2001::/23', '2001:db8::/32', '2620:4f:8000::/48', '3fff::/20']);
const NAT64 = ranges(['64:ff9b::/96']);
const SIX_TO_FOUR = ranges(['2002::/16']);
/**
 * Ranges whose last four bytes may name an IPv4 address to a translator on the way: IPv4-compatible (RFC 4291 2.5.5.1),
 * IPv4-translated (RFC 2765 2.1) and local NAT64 (RFC 8215). They are special, and stay closed for a metadata service.
 */
const TRANSLATED = ranges(['::/96', '::ffff:0:0:0/96', '64:ff9b:1::/48']);

/** Names under which clouds offer the machine's own credentials. They are never dialled. */
export function isMetadataName(host: string): boolean {
  return METADATA_NAMES.has(host);
}

/**
 * Classifies an address by its bytes. Null when the text is not an address, or a spelling that systems read
 * differently.
 *
 * @example
 *   classify('::ffff:10.0.0.1') // { kind: 'special', address: '10.0.0.1', dialled: '10.0.0.1' }
 *   classify('64:ff9b::808:808') // { kind: 'public', address: '8.8.8.8', dialled: '64:ff9b::808:808' }
 *   classify('010.0.0.1')       // null
 */
export function classify(text: string): ClassifiedAddress | null {
  const parsed = parseAddress(text);
  if (!parsed) return null;
  const plain = isMapped(parsed) ? parsed.toIPv4Address() : parsed;
  const address = unwrapped(plain);
  return { kind: kindOf(address), address: address.toString(), dialled: plain.toString() };
}

/**
 * Reads an address. Its last 32 bits may be written as IPv4, as in `::8.8.8.8`, and `getaddrinfo` does write them so.
 * They are turned into hexadecimal first, because ipaddr.js reads `::8.8.8.8` as `::ffff:8.8.8.8`, which is another
 * address.
 */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  // A zone (`fe80::1%eth0`) names an interface of this machine.
  if (text.includes('%')) return null;
  if (!text.includes(':')) return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text) : null;
  const [, front = text, quad] = /^(.*:)([^:]*\.[^:]*)$/.exec(text) ?? [];
  if (quad === undefined) return ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : null;
  if (!ipaddr.IPv4.isValidFourPartDecimal(quad)) return null;
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(quad).octets;
  const hexadecimal = `${front}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  return ipaddr.IPv6.isValid(hexadecimal) ? ipaddr.IPv6.parse(hexadecimal) : null;
}

/** Whether a canonical address is a loopback address. */
export function isLoopback(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.parse(address).range() === 'loopback';
}

/**
 * @param text a canonical address, as `classify` gives it
 * @param cidr such as `10.0.0.0/8`. A range of the other family never contains the address.
 */
export function inRange(text: string, cidr: string): boolean {
  const address = ipaddr.parse(text);
  const [network, bits] = parseRange(cidr);
  return address.kind() === network.kind() && address.match([network, bits]);
}

function isMapped(address: ipaddr.IPv4 | ipaddr.IPv6): address is ipaddr.IPv6 {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress();
}

/** NAT64 and 6to4 addresses lead to an IPv4 address, so that one is judged. */
function unwrapped(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (address instanceof ipaddr.IPv4) return address;
  const bytes = address.toByteArray();
  if (within(address, NAT64)) return new ipaddr.IPv4(bytes.slice(12));
  if (within(address, SIX_TO_FOUR)) return new ipaddr.IPv4(bytes.slice(2, 6));
  return address;
}

function kindOf(address: ipaddr.IPv4 | ipaddr.IPv6): AddressClass {
  if (METADATA_ADDRESSES.has(address.toString())) return 'metadata';
  if (within(address, NEVER)) return 'never';
  if (address instanceof ipaddr.IPv4) return within(address, SPECIAL_V4) ? 'special' : 'public';
  if (
    within(address, TRANSLATED) &&
    METADATA_ADDRESSES.has(new ipaddr.IPv4(address.toByteArray().slice(12)).toString())
  )
    return 'metadata';
  return within(address, GLOBAL_V6) && !within(address, SPECIAL_V6) ? 'public' : 'special';
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

function ranges(texts: readonly string[]): Range[] {
  return texts.map(parseRange);
}

function parseRange(cidr: string): Range {
  const [, bits] = ipaddr.parseCIDR(cidr);
  const network = parseAddress(cidr.slice(0, cidr.indexOf('/')));
  if (!network) throw new Error(`${cidr} is no range of addresses`);
  return [network, bits];
}

function within(address: ipaddr.IPv4 | ipaddr.IPv6, list: readonly Range[]): boolean {
  return list.some(([network, bits]) => network.kind() === address.kind() && address.match([network, bits]));
}
