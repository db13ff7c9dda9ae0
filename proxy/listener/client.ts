import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ToolFacts } from '../../access/mcp/judge-tool.ts';
import type { Lease } from '../lease/lease-table.ts';
import type { Refusal } from '../refusal.ts';
import type { Authority } from '../request/authority.ts';

/** A use of an MCP server. */
export interface ServerUse {
  /** The id of its connection. */
  readonly connection: string;
  /** What the runner says of a call. */
  readonly facts: ToolFacts;
}

/** One connection of a sandbox, with the tunnel that CONNECT opened on it, if any. */
export interface Client {
  readonly sandbox: string;
  /** The unix socket. Destroying it ends everything on this connection. */
  readonly socket: Duplex;
  /** True when the client knows of no proxy: it looked up a name and connected to where the names of a sandbox lead. */
  readonly direct: boolean;
  /** The lease under which its first request was admitted. The connection is useless under any other lease. */
  lease: Lease | null;
  /** The host and port of CONNECT, or those of a direct TLS connection. Every request inside the tunnel goes there. */
  tunnel: Authority | null;
  /** The MCP server that it is for: the runner asks in the sandbox's name. Null for a connection of the sandbox itself. */
  server: ServerUse | null;
  /** Requests on it that are not answered yet. */
  underWay: number;
  /** When the answer to its last request was over, by the proxy's clock. Null before that, and while one is under way. */
  idleSince: number | null;
  /** The request that came in last, and how to fail it when the bytes of its body make no sense. */
  reading: { readonly message: IncomingMessage; readonly fail: (refusal: Refusal) => void } | null;
  /** True when nothing more is read as a request: its bytes made no sense, or its sandbox was refused too often. */
  broken: boolean;
}
