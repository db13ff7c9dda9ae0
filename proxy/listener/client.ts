import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Lease } from '../lease/lease-table.ts';
import type { Refusal } from '../refusal.ts';
import type { Authority } from '../request/authority.ts';

/** One connection of a sandbox, and the intercepted tunnel inside it when there is one. */
export interface Client {
  readonly sandbox: string;
  /** The unix socket itself; destroying it ends everything on it. */
  readonly socket: Duplex;
  /** The lease it was let in by. It passes nothing under another one. */
  lease: Lease | null;
  /** Where CONNECT led: what every request inside is for. */
  tunnel: Authority | null;
  /** Requests being answered on it. */
  underWay: number;
  /** The request being read on it last, and how to end it when what comes of its body is none. */
  reading: { readonly message: IncomingMessage; readonly fail: (refusal: Refusal) => void } | null;
  /** Its last answer is on its way, and nothing more of it is a request: its bytes made no sense, or it was refused too often. */
  broken: boolean;
}
