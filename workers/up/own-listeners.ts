import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';

/** The port of an address that names none, for every kind of address that is reached over a network. */
const USUAL_PORTS: Readonly<Record<string, number>> = {
  'postgres:': 5432,
  'postgresql:': 5432,
  'temporal:': 7233,
  'tcp:': 2375,
  'http:': 80,
  'https:': 443,
};

/**
 * `address:port` of every server that these URLs name. They are the servers that Bellhop itself depends on, which no sandbox reaches,
 * whatever the rules say.
 *
 * @param isOurs leaves out the addresses for which it is false
 * @returns nothing for a name that is unknown on this machine, since it cannot be dialled from here either
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
  // For a URL without a host, PostgreSQL's clients take this machine.
  const host = hostname.replace(/^\[(.+)\]$/, '$1') || 'localhost';
  const answers = await lookup(host, { all: true }).catch(() => []);
  return answers.map(({ address }) => ({ address, port: Number(port) || usual }));
}
