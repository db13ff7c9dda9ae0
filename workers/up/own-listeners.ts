import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';

/** Where something listens whose address names no port: all kinds of addresses that are reached over a network. */
const USUAL_PORTS: Readonly<Record<string, number>> = {
  'postgres:': 5432,
  'postgresql:': 5432,
  'temporal:': 7233,
  'tcp:': 2375,
  'http:': 80,
  'https:': 443,
};

/**
 * `address:port` of everything that these URLs lead to: what Bellhop stands on itself, which no sandbox reaches whatever
 * the rules say. `isOurs` leaves addresses out. A name that is unknown here cannot be dialled from here either.
 */
export async function listenersOf(
  urls: readonly (string | undefined)[],
  isOurs: (address: string) => boolean = () => true,
): Promise<string[]> {
  const found = await Promise.all(urls.filter((url) => url !== undefined).map(addressesOf));
  const ours = found.flat().filter(({ address }) => isOurs(address));
  return [...new Set(ours.map(({ address, port }) => `${isIPv6(address) ? `[${address}]` : address}:${port}`))];
}

async function addressesOf(text: string): Promise<{ address: string; port: number }[]> {
  const { protocol, hostname, port } = new URL(text);
  const usual = USUAL_PORTS[protocol];
  if (usual === undefined) return [];
  // Without a host PostgreSQL's clients take this machine.
  const host = hostname.replace(/^\[(.+)\]$/, '$1') || 'localhost';
  const answers = await lookup(host, { all: true }).catch(() => []);
  return answers.map(({ address }) => ({ address, port: Number(port) || usual }));
}
