import { networkInterfaces } from 'node:os';
import type { AddressException } from '../../access/document.ts';
import { type ClassifiedAddress, classify, inRange, isLoopback } from './address-class.ts';

/** The operator's word on what may be opened at all on this machine, by anybody's rule. */
export interface Ceiling {
  /** CIDR. */
  readonly range: string;
  readonly ports: readonly number[];
}

/** A listener of what Bellhop stands on: PostgreSQL, Temporal, its own page. */
export interface OwnListener {
  /** `0.0.0.0` and `::` stand for every address of this machine. */
  readonly address: string;
  readonly port: number;
}

export interface AddressGuard {
  /** Null when the address may be dialled; otherwise why not, as a sentence. */
  refuse(address: string, port: number, exceptions: readonly AddressException[]): string | null;
}

export interface AddressGuardOptions {
  readonly ceilings: readonly Ceiling[];
  readonly own: readonly OwnListener[];
  /** Addresses of this machine's interfaces. @default those of the operating system */
  readonly localAddresses?: () => readonly string[];
}

/** Decides about each address before a socket to it is opened. */
export function createAddressGuard(options: AddressGuardOptions): AddressGuard {
  const { ceilings, localAddresses = interfaceAddresses } = options;
  const own = options.own.map(({ address, port }) => ({ address: canonical(address), port }));

  function isOwnListener({ address }: ClassifiedAddress, port: number, isLocal: boolean): boolean {
    return own.some((listener) => {
      if (listener.port !== port) return false;
      if (listener.address === '0.0.0.0' || listener.address === '::') return isLocal || isLoopback(address);
      // One loopback address is as good as another: who listens on 127.0.0.1 may listen on ::1 too.
      if (isLoopback(listener.address) && isLoopback(address)) return true;
      return listener.address === address;
    });
  }

  return {
    refuse(text, port, exceptions) {
      const classified = classify(text);
      if (!classified) return `${text} is not an address.`;
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
    },
  };
}

/** Addresses are compared as text, so that each has one. */
function canonical(address: string): string {
  return classify(address)?.address ?? address;
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}
