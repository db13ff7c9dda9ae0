import ipaddr from 'ipaddr.js';
import { METADATA_ADDRESSES, METADATA_NAMES, NOBODYS_RANGES } from '../../access/unreachable.ts';

/**
 * What an address is, after taking off every wrapping that leads to another one. `special` are all ranges that the
 * IANA special-purpose registries keep out of the public internet; what is not known to be public is special.
 */
export type AddressClass = 'public' | 'special' | 'metadata' | 'never';

export interface ClassifiedAddress {
  readonly kind: AddressClass;
  /** The address a connection ends up at, in canonical text. */
  readonly address: string;
}

const NEVER = ranges(NOBODYS_RANGES);

/** https://www.iana.org/assignments/iana-ipv4-special-registry and its neighbour for IPv6 */
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

/** Only this is handed out as public so far, and not all of it. */
const GLOBAL_V6 = ranges(['2000::/3']);
const SPECIAL_V6 = ranges(['2001::/23', '2001:db8::/32', '2620:4f:8000::/48', '3fff::/20']);
const NAT64 = ranges(['64:ff9b::/96']);
const SIX_TO_FOUR = ranges(['2002::/16']);

/** Names under which clouds offer the credentials of the machine itself; they are never dialled. */
export function isMetadataName(host: string): boolean {
  return METADATA_NAMES.has(host);
}

/** Null when the text is no address in canonical form. */
export function classify(text: string): ClassifiedAddress | null {
  // A zone (`fe80::1%eth0`) names an interface of this machine.
  if (text.includes('%') || !ipaddr.isValid(text)) return null;
  if (!text.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(text)) return null;
  const address = unwrapped(ipaddr.parse(text));
  const canonical = address.toString();
  return { kind: kindOf(address, canonical), address: canonical };
}

/** Whether a canonical address is this machine to itself. */
export function isLoopback(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.parse(address).range() === 'loopback';
}

/**
 * @param text a canonical address, as `classify` gives it
 * @param cidr such as `10.0.0.0/8`; a range of the other family holds nothing
 */
export function inRange(text: string, cidr: string): boolean {
  const address = ipaddr.parse(text);
  const [network, bits] = ipaddr.parseCIDR(cidr);
  return address.kind() === network.kind() && address.match([network, bits]);
}

/** Mapped, NAT64 and 6to4 addresses lead to an IPv4 one; that one counts. */
function unwrapped(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (address instanceof ipaddr.IPv4) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  const bytes = address.toByteArray();
  if (within(address, NAT64)) return new ipaddr.IPv4(bytes.slice(12));
  if (within(address, SIX_TO_FOUR)) return new ipaddr.IPv4(bytes.slice(2, 6));
  return address;
}

function kindOf(address: ipaddr.IPv4 | ipaddr.IPv6, canonical: string): AddressClass {
  if (METADATA_ADDRESSES.has(canonical)) return 'metadata';
  if (within(address, NEVER)) return 'never';
  if (address instanceof ipaddr.IPv4) return within(address, SPECIAL_V4) ? 'special' : 'public';
  return within(address, GLOBAL_V6) && !within(address, SPECIAL_V6) ? 'public' : 'special';
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

function ranges(texts: readonly string[]): Range[] {
  return texts.map((text) => ipaddr.parseCIDR(text));
}

function within(address: ipaddr.IPv4 | ipaddr.IPv6, list: readonly Range[]): boolean {
  return list.some(([network, bits]) => network.kind() === address.kind() && address.match([network, bits]));
}
