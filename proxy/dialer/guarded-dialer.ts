import net, { type Socket } from 'node:net';
import tls, { type SecureContext, type TLSSocket } from 'node:tls';
import type { AddressException } from '../../access/document.ts';
import type { CanonicalHost } from '../../access/host-name.ts';
import { Refusal } from '../refusal.ts';
import { isMetadataName } from './address-class.ts';
import type { AddressGuard } from './address-guard.ts';
import type { BoundedResolve, LookupShare } from './resolve.ts';
import type { OwnTls, Trust } from './trust.ts';

/** A host that a rule allows. */
export interface DialTarget {
  readonly host: CanonicalHost;
  readonly port: number;
  /** Private or special ranges to which this rule's host may lead. */
  readonly exceptions: readonly AddressException[];
  /** Whose share of name lookups is used. */
  readonly scope: LookupShare;
  /** The usual authorities and no client certificate without it. Connections with the same object share one context. */
  readonly own?: OwnTls | null;
}

/** The operator's fixed address for a name. A null port means the requested port. */
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
  readonly trust: Trust;
  /** Called with every address before it is dialled. */
  readonly onDial?: (address: string, port: number) => void;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** The limit while more addresses are left to try: IPv6 or IPv4 may not work on this machine. */
const IMPATIENT_MS = 1_000;
const TLS_TIMEOUT_MS = 10_000;
const MAX_TRIED = 4;
/** Codes of a host that broke off or said nothing during the handshake. It is away, and nothing is wrong with its TLS. */
const NOT_THERE: ReadonlySet<string> = new Set(['ETIMEDOUT', 'ECONNRESET', 'ECONNABORTED', 'EPIPE']);

/**
 * The only way out of the proxy. It prevents DNS rebinding:
 * 1. A name is resolved once.
 * 2. The guard checks every address in the answer.
 * 3. The socket is opened to a checked address, not to the name.
 * Therefore it makes no difference if the name leads somewhere else a moment later.
 */
export function createGuardedDialer(options: GuardedDialerOptions): GuardedDialer {
  const { guard, resolve, staticNames, trust, onDial } = options;
  /** Making a context takes milliseconds. It goes when its owner, such as a pool, goes. */
  const contexts = new WeakMap<OwnTls, SecureContext>();

  async function locate({ host, port, scope }: DialTarget): Promise<{ addresses: readonly string[]; port: number }> {
    if (isMetadataName(host)) throw denied(host, `${host} is a metadata service of the machine.`);
    const fixed = staticNames.get(host);
    if (fixed) return { addresses: [fixed.address], port: fixed.port ?? port };
    return { addresses: await resolve(host, scope), port };
  }

  async function connect(target: DialTarget): Promise<Socket> {
    const { addresses, port } = await locate(target);
    // One forbidden address refuses the whole name: a mix of allowed and forbidden addresses is a sign of an attack.
    const judged = addresses.map((address) => {
      const judgement = guard.judge(address, port, target.exceptions);
      if ('refused' in judgement) throw denied(target.host, judgement.refused);
      return judgement.dial;
    });
    const failures: string[] = [];
    let why = 'no connection';
    const tried = judged.slice(0, MAX_TRIED);
    for (const [index, address] of tried.entries()) {
      try {
        onDial?.(address, port);
        return await open(address, port, index === tried.length - 1 ? CONNECT_TIMEOUT_MS : IMPATIENT_MS);
      } catch (error) {
        why = (error as NodeJS.ErrnoException).code ?? why;
        failures.push(`${address}:${port}: ${why}`);
      }
    }
    throw new Refusal('connect', `${target.host}:${target.port} did not accept a connection (${why}).`, {
      detail: failures.join(', '),
    });
  }

  function contextFor({ host, own }: DialTarget): SecureContext {
    if (!own) return trust.usual;
    try {
      const context = contexts.get(own) ?? trust.of(own);
      contexts.set(own, context);
      return context;
    } catch {
      throw new Refusal('upstream_tls', `The own certificates of the connection for ${host} cannot be used.`);
    }
  }

  return {
    connect,
    async connectTls(target) {
      const context = contextFor(target);
      return secure(await connect(target), target, context);
    },
  };
}

function open(address: string, port: number, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // `address` is an IP address, so that Node looks nothing up again.
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

function secure(raw: Socket, { host, port }: DialTarget, trust: SecureContext): Promise<TLSSocket> {
  const address = `${raw.remoteAddress}:${raw.remotePort}`;
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      socket.destroy();
      const why = error.code ?? 'the handshake was broken off';
      // The message of a TLS error may name addresses, and the names in a certificate.
      const detail = `${address}: ${error.message}`;
      reject(
        NOT_THERE.has(why)
          ? new Refusal('connect', `${host}:${port} accepted a connection and did not begin TLS (${why}).`, { detail })
          : new Refusal('upstream_tls', `TLS with ${host} failed: ${why}.`, { detail }),
      );
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
  return new Refusal('address_denied', `${host} leads to an address that is not allowed.`, { detail: reason });
}
