import { networkInterfaces } from 'node:os';
import type { Ceiling } from '../../access/ceilings.ts';
import type { AddressException } from '../../access/document.ts';
import { type ClassifiedAddress, classify, inRange, isLoopback } from './address-class.ts';

/** A service that Bellhop itself needs: PostgreSQL, Temporal, its own page. It is never dialled. */
export interface OwnListener {
  /** `0.0.0.0` and `::` stand for every address of this machine. */
  readonly address: string;
  readonly port: number;
}

/** Where to open the socket, or a sentence that says why none is opened. */
export type Judgement = { readonly dial: string } | { readonly refused: string };

export interface AddressGuard {
  judge(address: string, port: number, exceptions: readonly AddressException[]): Judgement;
}

export interface AddressGuardOptions {
  readonly ceilings: readonly Ceiling[];
  readonly own: readonly OwnListener[];
  /** Addresses of this machine's interfaces. @default those of the operating system */
  readonly localAddresses?: () => readonly string[];
}

/**
 * Decides about each address before a socket to it is opened. A private or special address needs both an exception of
 * the rule and a ceiling of the operator.
 *
 * @example With no exception in the rule:
 *   guard.judge('93.184.215.14', 443, [])   // { dial: '93.184.215.14' }
 *   guard.judge('10.1.2.3', 443, [])        // { refused: '10.1.2.3 is a private or special address, ...' }
 *   guard.judge('169.254.169.254', 80, [])  // { refused: '169.254.169.254 is a metadata service of the machine.' }
 */
export function createAddressGuard(options: AddressGuardOptions): AddressGuard {
  const { ceilings, localAddresses = interfaceAddresses } = options;
  const own = options.own.map(({ address, port }) => ({ address: canonical(address), port }));

  function isOwnListener({ address }: ClassifiedAddress, port: number, isLocal: boolean): boolean {
    return own.some((listener) => {
      if (listener.port !== port) return false;
      if (listener.address === '0.0.0.0' || listener.address === '::') return isLocal || isLoopback(address);
      // All loopback addresses count as one: a service on 127.0.0.1 often listens on ::1 too.
      if (isLoopback(listener.address) && isLoopback(address)) return true;
      return listener.address === address;
    });
  }

  function reasonAgainst(classified: ClassifiedAddress, port: number, exceptions: readonly AddressException[]) {
    const { address, kind } = classified;
    if (kind === 'metadata') return `${address} is a metadata service of the machine.`;
    if (kind === 'never') return `${address} is no address of a host.`;
    const isLocal = localAddresses().map(canonical).includes(address);
    if (isOwnListener(classified, port, isLocal)) return `${address}:${port} is Bellhop's own.`;
    if (isLocal && !isLoopback(address)) return `${address} is the machine the proxy runs on.`;
    if (kind === 'public') return null;
    if (!exceptions.some((each) => each.port === port && inRange(address, each.range))) {
      return `${address} is a private or special address, and the rule has no exception for ${address}:${port}.`;
    }
    if (!ceilings.some((each) => each.ports.includes(port) && inRange(address, each.range))) {
      return `${address} is a private or special address, and the operator's ceilings do not cover ${address}:${port}.`;
    }
    return null;
  }

  return {
    judge(text, port, exceptions) {
      const classified = classify(text);
      if (!classified) return { refused: `${text} is not an address.` };
      const refused = reasonAgainst(classified, port, exceptions);
      return refused === null ? { dial: classified.dialled } : { refused };
    },
  };
}

/** Addresses are compared as text, so each needs exactly one spelling. */
function canonical(address: string): string {
  return classify(address)?.address ?? address;
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}
