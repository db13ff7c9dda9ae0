/**
 * Addresses and names that no rule and no ceiling can open. The proxy's dialer refuses them, and `bellhop apply`
 * refuses a file that asks for one.
 */

/** Metadata services of AWS, ECS, EKS, Azure, Oracle, Alibaba and Google: they hand out the machine's credentials. */
export const METADATA_ADDRESSES: ReadonlySet<string> = new Set([
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

/** The names of these services. */
export const METADATA_NAMES: ReadonlySet<string> = new Set([
  'instance-data',
  'instance-data.ec2.internal',
  'metadata',
  'metadata.azure.internal',
  'metadata.goog',
  'metadata.google.internal',
]);

/** Ranges in which no single host has its address: this network, multicast, broadcast. */
export const NOBODYS_RANGES: readonly string[] = [
  '0.0.0.0/8',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/128',
  'ff00::/8',
];
