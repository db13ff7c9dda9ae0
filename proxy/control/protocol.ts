/**
 * The protocol of the control socket, between the runner and the Agent Proxy: HTTP with JSON over a unix socket of mode
 * 0600. Sandboxes never see this socket.
 *
 * - `PUT    /sandboxes/:id`        {@link ListenRequest} → {@link ListenerView}
 * - `DELETE /sandboxes/:id`        → 204
 * - `GET    /sandboxes`            → `{ sandboxes: ListenerView[] }`
 * - `PUT    /sandboxes/:id/lease`  LeaseRequest → {@link LeaseView}; opens or renews
 * - `DELETE /sandboxes/:id/lease?turn=&attempt=` → {@link LeaseView} with the final counts
 * - `GET    /sandboxes/:id/lease?turn=&waitMs=`  → {@link LeaseView}
 * - `GET    /sandboxes/:id/events?turn=&attempt=` → a line of JSON ({@link LeaseView}) for each change, until closed
 * - `POST   /connections/:id/test`  {@link ConnectionRequest} → {@link ConnectionAnswer}
 * - `GET    /servers`              → `{ servers: ServerView[] }`: the MCP servers in force
 * - `*      /servers/:server?url=&sandbox=&turn=` → carried to the MCP server in the name of that turn; the answer has the header
 *   {@link CARRIED}. `readOnly` and `approved` stand there if that holds for the call. Without sandbox and turn it is a look at the list of tools, with `owner=` in the name of that person
 * - `POST   /servers/:server/authorization` {@link DiscoveryRequest} → {@link DiscoveredAuthorization}: where people grant tokens for it
 * - `GET    /authors/:scope?principal=` → `{ author }`: who commits there, `Name <address>`; null when no forge says so
 * - `GET    /health`               → {@link ProxyHealth}
 *
 * A refusal is `{ error: { code, message } }` with a 4xx or 5xx status.
 */
import { z } from 'zod';
import type { Ceiling } from '../../access/ceilings.ts';
import type { EgressCounts, LeaseEpoch, LeaseRequest } from '../../contracts/egress.ts';
import type { SessionId } from '../../contracts/ids.ts';
import type { Principal, ScopeKey } from '../../contracts/scope.ts';

/** `none`: no lease was opened for this sandbox since the proxy started. */
export type LeaseState = 'none' | 'open' | 'closed';

/** `closed`: the runner closed it. `expired`: it was not renewed in time. `superseded`: a higher epoch took over. */
export type LeaseEnding = 'closed' | 'expired' | 'superseded';

export interface LeaseView {
  readonly sandbox: string;
  readonly state: LeaseState;
  readonly epoch: LeaseEpoch | null;
  readonly session: SessionId | null;
  readonly counts: EgressCounts;
  /** Null until the lease has ended, its connections are gone, and their events are counted. */
  readonly ending: LeaseEnding | null;
}

export interface ListenRequest {
  /** The user inside the sandbox that may connect: the relay's. */
  readonly relayUid: number;
}

export interface ListenerView {
  readonly sandbox: string;
  /** The folder to mount into the sandbox, read-only. It holds two sockets, `proxy.sock` and `direct.sock`. */
  readonly folder: string;
  readonly socket: string;
}

export interface ProxyHealth {
  readonly policy: {
    /** Null until the first policy is loaded. Everything is blocked until then. */
    readonly version: number | null;
    /** Milliseconds since PostgreSQL last confirmed the policy. */
    readonly ageMs: number | null;
  };
  readonly database: 'up' | 'away';
  /** Events on disk that PostgreSQL does not have yet, in bytes. */
  readonly spoolBytes: number;
  readonly sandboxes: number;
  readonly leases: number;
  /** The address ranges that the operator lets rules open. */
  readonly ceilings: readonly Ceiling[];
}

/** What a test of a connection sends. Without a URL, it is the request that the access file names. */
export interface ConnectionRequest {
  /** @default GET */
  readonly method?: string | undefined;
  readonly url?: string | undefined;
}

/** What came of a test of a connection. */
export interface ConnectionAnswer {
  readonly method: string;
  readonly url: string;
  readonly ms: number;
  /** The status that the service answered. Null when the proxy refused the request. */
  readonly status: number | null;
  /** Where the service redirects to. */
  readonly location: string | null;
  readonly refusal: { readonly code: string; readonly message: string; readonly hint: string } | null;
}

/** An MCP server in force. */
export interface ServerView {
  readonly connection: string;
  readonly url: string;
}

/** With an address that browsers are led back to, a client is registered for it. */
export interface DiscoveryRequest {
  readonly redirectUri?: string | undefined;
}

/** What an MCP server and its authorization server say of themselves. */
export interface DiscoveredAuthorization {
  readonly issuer: string;
  /** Whether each answer names the issuer. */
  readonly namesIssuer: boolean;
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  readonly deviceUrl: string | null;
  /** What the MCP server knows. An administrator chooses among them. */
  readonly scopes: readonly string[];
  readonly registersClients: boolean;
  /** Of the client that was registered just now. */
  readonly clientId: string | null;
}

/** A header of answers that come from behind the control socket. Without it, an answer is the control socket's own. */
export const CARRIED = 'x-bellhop-carried';

export type ControlErrorCode =
  | 'bad_request'
  | 'not_found'
  | 'path_too_long'
  /** A higher epoch had a lease, so this epoch can neither open nor close one. */
  | 'epoch_too_low'
  /** The turn's lease was closed for good. Only a later turn can open another lease. */
  | 'turn_closed'
  /** The file with the sandbox's epoch floor cannot be read. No lease opens until a person has removed the file. */
  | 'epochs_unknown'
  | 'lease_expired'
  | 'lease_superseded'
  | 'lease_timeout'
  /** Nothing listens on the control socket, or the connection broke. */
  | 'proxy_unreachable'
  | 'internal';

export class ControlError extends Error {
  readonly code: ControlErrorCode;
  constructor(code: ControlErrorCode, message: string) {
    super(message);
    this.name = 'ControlError';
    this.code = code;
  }
}

/** Safe in a path and in a container's name. */
const sandboxId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,40}$/, 'a sandbox id is 1 to 41 of a-z, 0-9 and -');

export const SandboxIdSchema: z.ZodType<string> = sandboxId;

export const ListenRequestSchema: z.ZodType<ListenRequest> = z.object({ relayUid: z.number().int().min(0) });

export const ConnectionRequestSchema: z.ZodType<ConnectionRequest> = z.object({
  method: z
    .string()
    .regex(/^[A-Z]{1,20}$/, 'a method is in capitals')
    .optional(),
  url: z.string().max(8_000).optional(),
});

export const DiscoveryRequestSchema: z.ZodType<DiscoveryRequest> = z.object({
  redirectUri: z.url().max(2_000).optional(),
});

export const ScopeKeySchema: z.ZodType<ScopeKey> = z.custom<ScopeKey>(
  (value) =>
    typeof value === 'string' && /^(organization|workspace:|channel:|group-dm:|person:|environment:)/.test(value),
);

export const PrincipalSchema: z.ZodType<Principal> = z.custom<Principal>(
  (value) => typeof value === 'string' && /^(agent@|person:)/.test(value),
);

export const LeaseRequestSchema: z.ZodType<LeaseRequest> = z.object({
  sandbox: sandboxId,
  session: z.custom<SessionId>((value) => typeof value === 'string' && /^slack:[^:]+:[^:]+:[^:]+$/.test(value)),
  epoch: z.object({ turn: z.number().int().min(1), attempt: z.number().int().min(1) }),
  scope: ScopeKeySchema,
  principal: PrincipalSchema,
  requester: z.string().min(1).max(200),
});
