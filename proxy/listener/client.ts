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
  /** Ends the request body being read, when what came of it is no body. */
  breakBody: ((refusal: Refusal) => void) | null;
}
