import ipaddr from 'ipaddr.js';

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

/** Metadata services of AWS, ECS, EKS, Azure, Oracle, Alibaba and Google: they hand out the machine's credentials. */
const METADATA: ReadonlySet<string> = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
]);

/** Names under which they are reached. Refused before anything else is asked. */
const METADATA_NAMES: ReadonlySet<string> = new Set([
  'instance-data',
  'instance-data.ec2.internal',
  'metadata',
  'metadata.azure.internal',
  'metadata.goog',
  'metadata.google.internal',
]);

/** Nothing that answers for itself: this network, multicast, broadcast. No exception opens them. */
const NEVER = ranges(['0.0.0.0/8', '224.0.0.0/4', '255.255.255.255/32', '::/128', 'ff00::/8']);

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
  if (METADATA.has(canonical)) return 'metadata';
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
