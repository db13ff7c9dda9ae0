import net, { type Socket } from 'node:net';
import tls, { type SecureContext, type TLSSocket } from 'node:tls';
import type { AddressException } from '../../access/document.ts';
import type { CanonicalHost } from '../../access/host-name.ts';
import type { ScopeKey } from '../../contracts/scope.ts';
import { Refusal } from '../refusal.ts';
import { isMetadataName } from './address-class.ts';
import type { AddressGuard } from './address-guard.ts';
import type { BoundedResolve } from './resolve.ts';

/** One host as a rule allows it. */
export interface DialTarget {
  readonly host: CanonicalHost;
  readonly port: number;
  /** Special ranges this rule may be dialled at. */
  readonly exceptions: readonly AddressException[];
  /** On whose behalf it is looked up. */
  readonly scope: ScopeKey;
}

/** An operator's static name: the address, and the port when it differs from the one asked for. */
export interface StaticName {
  readonly address: string;
  readonly port: number | null;
}

export interface GuardedDialer {
  /** A TCP connection to a checked address. @throws Refusal `address_denied`, `dns`, `connect` */
  connect(target: DialTarget): Promise<Socket>;
  /** The same with TLS verified for the host. @throws Refusal also `upstream_tls` */
  connectTls(target: DialTarget): Promise<TLSSocket>;
}

export interface GuardedDialerOptions {
  readonly guard: AddressGuard;
  readonly resolve: BoundedResolve;
  readonly staticNames: ReadonlyMap<string, StaticName>;
  /** What upstream certificates are verified against. */
  readonly trust: SecureContext;
  /** Told of every address before it is tried. */
  readonly onDial?: (address: string, port: number) => void;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** While there are further addresses: one family may lead nowhere. */
const IMPATIENT_MS = 1_000;
const TLS_TIMEOUT_MS = 10_000;
const MAX_TRIED = 4;

/**
 * The only way out. A name is resolved once, every address it has is checked, and the checked address is what is
 * connected to: whatever the name says a moment later makes no difference.
 */
export function createGuardedDialer(options: GuardedDialerOptions): GuardedDialer {
  const { guard, resolve, staticNames, trust, onDial } = options;

  async function locate({ host, port, scope }: DialTarget): Promise<{ addresses: readonly string[]; port: number }> {
    if (isMetadataName(host)) throw denied(host, `${host} is a metadata service of the machine.`);
    const fixed = staticNames.get(host);
    if (fixed) return { addresses: [fixed.address], port: fixed.port ?? port };
    return { addresses: await resolve(host, scope), port };
  }

  async function connect(target: DialTarget): Promise<Socket> {
    const { addresses, port } = await locate(target);
    // One refused address spoils the name: whoever mixes them is trying something.
    for (const address of addresses) {
      const reason = guard.refuse(address, port, target.exceptions);
      if (reason) throw denied(target.host, reason);
    }
    let last: Error | undefined;
    const tried = addresses.slice(0, MAX_TRIED);
    for (const [index, address] of tried.entries()) {
      try {
        onDial?.(address, port);
        return await open(address, port, index === tried.length - 1 ? CONNECT_TIMEOUT_MS : IMPATIENT_MS);
      } catch (error) {
        last = error as Error;
      }
    }
    const why = (last as NodeJS.ErrnoException | undefined)?.code ?? 'no connection';
    throw new Refusal('connect', `${target.host}:${target.port} did not accept a connection (${why}).`);
  }

  return {
    connect,
    async connectTls(target) {
      return secure(await connect(target), target.host, trust);
    },
  };
}

function open(address: string, port: number, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // An address, not a name: nothing is looked up again.
    const socket = net.connect({ host: address, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 });
    const timer = setTimeout(() => socket.destroy(timeout()), timeoutMs);
    socket.once('error', reject);
    socket.once('close', () => clearTimeout(timer));
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function secure(raw: Socket, host: string, trust: SecureContext): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      socket.destroy();
      reject(new Refusal('upstream_tls', `TLS with ${host} failed: ${error.code ?? error.message}.`));
    };
    const socket = tls.connect({
      socket: raw,
      servername: host,
      secureContext: trust,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: true,
    });
    const timer = setTimeout(() => fail(timeout()), TLS_TIMEOUT_MS);
    const closed = () => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    socket.once('error', fail);
    socket.once('close', closed);
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      socket.off('close', closed);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

function timeout(): NodeJS.ErrnoException {
  return Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' });
}

function denied(host: string, reason: string): Refusal {
  return new Refusal('address_denied', `${host} leads to an address that is not allowed. ${reason}`);
}
