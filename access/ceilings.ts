import ipaddr from 'ipaddr.js';
import type { AddressException } from './document.ts';

/** A range and ports that the operator of the proxy's machine lets rules open. */
export interface Ceiling {
  /** CIDR. */
  readonly range: string;
  readonly ports: readonly number[];
}

/** Null when the proxy could not be asked. */
export type KnownCeilings = readonly Ceiling[] | null;

/**
 * How much of what a rule opens the operator opens as well. The proxy dials nothing else, whatever the rule says.
 *
 * @example
 *   openedBy([{ range: '10.1.0.0/16', ports: [443] }], { range: '10.1.2.0/24', port: 443 }) // 'all'
 */
export function openedBy(ceilings: readonly Ceiling[], { range, port }: AddressException): 'all' | 'part' | 'nothing' {
  const there = ceilings.filter(({ ports }) => ports.includes(port));
  if (there.some((each) => covers(each.range, range))) return 'all';
  return there.some((each) => covers(range, each.range)) ? 'part' : 'nothing';
}

/** What is said beside a rule: the addresses at which it is dialled, and whether the operator opens them. */
export function addressNotes(exceptions: readonly AddressException[], ceilings: KnownCeilings | undefined): string[] {
  return exceptions.map((exception) => {
    const dialled = `dialled at ${exception.range}:${exception.port}`;
    if (ceilings === undefined) return dialled;
    if (ceilings === null) return `${dialled} (the proxy could not be asked for the operator's ceilings)`;
    const opened = openedBy(ceilings, exception);
    if (opened === 'all') return `${dialled} (within the operator's ceilings)`;
    return `${dialled} (the operator's ceilings open ${opened} of it)`;
  });
}

/** The same as sentences: `Dialled at 10.1.2.0/24:443 (within the operator's ceilings).` */
export function addressSentences(exceptions: readonly AddressException[], ceilings: KnownCeilings): string[] {
  return addressNotes(exceptions, ceilings).map((note) => `${note.charAt(0).toUpperCase()}${note.slice(1)}.`);
}

function covers(outer: string, inner: string): boolean {
  const [network, bits] = ipaddr.parseCIDR(outer);
  const [address, innerBits] = ipaddr.parseCIDR(inner);
  if (network.kind() !== address.kind() || innerBits < bits) return false;
  return address.match(network as never, bits);
}
