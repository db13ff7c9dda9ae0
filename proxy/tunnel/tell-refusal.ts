import type { Duplex } from 'node:stream';
import type { CanonicalHost } from '../../access/host-name.ts';
import { endLingering } from '../listener/lingering.ts';
import type { RateLimit } from '../listener/rate-limit.ts';
import type { LeafCertificates } from '../tls/leaf-certificates.ts';
import { handshake } from './intercept.ts';

export interface Telling {
  readonly sandbox: string;
  /** The client's ClientHello is still unread in it. */
  readonly socket: Duplex;
  readonly host: CanonicalHost;
  /** The whole answer, with its head. */
  readonly bytes: Buffer;
  /** How long the answer is held back. */
  readonly holdMs: number;
}

/** Tells a refused TLS client why, and closes. Never rejects. */
export type TellRefusal = (telling: Telling) => Promise<void>;

export interface TellRefusalOptions {
  /** Certificates for this purpose only, so that a refused sandbox pushes none out that are in use. */
  readonly leaves: LeafCertificates;
  /** Limits how many certificates one sandbox may cause by refusals. */
  readonly mints: RateLimit;
}

const REQUEST_MS = 15_000;

/** RFC 8446 6: a record with one fatal alert, in the version that every client of TLS 1.2 and 1.3 reads. */
const alert = (description: number): Buffer => Buffer.from([21, 3, 3, 0, 2, 2, description]);
/** To a client whose name nobody can use. RFC 8446 6.2 */
export const unrecognizedName = (): Buffer => alert(112);
/** "A valid certificate was received, but the sender decided not to proceed": clients show it as `access denied`. */
const accessDenied = (): Buffer => alert(49);

class NoBudget extends Error {}

/**
 * A client that has begun TLS reads no plain answer. So it is answered inside TLS, with a certificate for the name that it
 * asked for. Nothing is dialled, and what it sends is not looked at but thrown away. Where that is not possible (it trusts
 * no certificate of ours, or too many were made lately), it gets the alert `access denied`.
 */
export function createTellRefusal({ leaves, mints }: TellRefusalOptions): TellRefusal {
  return async ({ sandbox, socket, host, bytes, holdMs }) => {
    if (socket.destroyed) return;
    if (holdMs > 0) {
      endLingering(socket, accessDenied(), holdMs);
      return;
    }
    try {
      const context = await leaves.contextFor(sandbox, host, () => {
        if (!mints.take(sandbox)) throw new NoBudget();
      });
      if (socket.destroyed) return;
      const inside = await handshake(socket, context, host);
      // Some clients take an answer that comes before their request for a fault.
      const timer = setTimeout(() => inside.destroy(), REQUEST_MS);
      inside.once('close', () => {
        clearTimeout(timer);
        socket.destroy();
      });
      inside.once('data', () => {
        clearTimeout(timer);
        endLingering(inside, bytes, 0);
      });
    } catch (error) {
      if (error instanceof NoBudget) endLingering(socket, accessDenied(), 0);
      else socket.destroy();
    }
  };
}
