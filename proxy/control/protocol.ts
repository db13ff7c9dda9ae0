/**
 * What the runner and the Agent Proxy say to each other over the control socket: HTTP with JSON, a unix socket of
 * mode 0600. The sandboxes never see it.
 *
 * - `PUT    /sandboxes/:id`        {@link ListenRequest} → {@link ListenerView}
 * - `DELETE /sandboxes/:id`        → 204
 * - `GET    /sandboxes`            → `{ sandboxes: ListenerView[] }`
 * - `PUT    /sandboxes/:id/lease`  LeaseRequest → {@link LeaseView}; opens or renews
 * - `DELETE /sandboxes/:id/lease?turn=&attempt=` → {@link LeaseView} with the final counts
 * - `GET    /sandboxes/:id/lease?turn=&waitMs=`  → {@link LeaseView}
 * - `GET    /sandboxes/:id/events?turn=&attempt=` → a line of JSON ({@link LeaseView}) for each change, until closed
 * - `GET    /health`               → {@link ProxyHealth}
 *
 * A refusal is `{ error: { code, message } }` with a 4xx or 5xx status.
 */
import { z } from 'zod';
import type { EgressCounts, LeaseEpoch, LeaseRequest } from '../../contracts/egress.ts';
import type { SessionId } from '../../contracts/ids.ts';
import type { Principal, ScopeKey } from '../../contracts/scope.ts';

/** `none`: no turn has opened one since the proxy started. */
export type LeaseState = 'none' | 'open' | 'closed';

/** `closed`: someone asked for it. `expired`: no renewal came. `superseded`: a higher epoch took over. */
export type LeaseEnding = 'closed' | 'expired' | 'superseded';

export interface LeaseView {
  readonly sandbox: string;
  readonly state: LeaseState;
  readonly epoch: LeaseEpoch | null;
  readonly session: SessionId | null;
  readonly counts: EgressCounts;
  /** Null until it has ended, its connections are gone and their events counted. */
  readonly ending: LeaseEnding | null;
}

export interface ListenRequest {
  /** The user inside the sandbox that may connect: the relay's. */
  readonly relayUid: number;
}

export interface ListenerView {
  readonly sandbox: string;
  /** To be mounted into the sandbox, read-only. Holds exactly one socket, `proxy.sock`. */
  readonly folder: string;
  readonly socket: string;
}

export interface ProxyHealth {
  readonly policy: {
    /** Null until the first one is loaded; everything is blocked until then. */
    readonly version: number | null;
    /** Since PostgreSQL last confirmed it. */
    readonly ageMs: number | null;
  };
  readonly database: 'up' | 'away';
  /** Events on disk that PostgreSQL does not have yet, in bytes. */
  readonly spoolBytes: number;
  readonly sandboxes: number;
  readonly leases: number;
}

export type ControlErrorCode =
  | 'bad_request'
  | 'not_found'
  | 'path_too_long'
  /** A higher epoch was seen: this one can neither open nor close. */
  | 'epoch_too_low'
  /** The turn's lease was closed for good; only a later turn opens another. */
  | 'turn_closed'
  /** What epochs the sandbox had cannot be read: nothing opens until a person has mended it. */
  | 'epochs_unknown'
  | 'lease_expired'
  | 'lease_superseded'
  | 'lease_timeout'
  /** Nothing listens on the control socket, or it went away in the middle. */
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

export const LeaseRequestSchema: z.ZodType<LeaseRequest> = z.object({
  sandbox: sandboxId,
  session: z.custom<SessionId>((value) => typeof value === 'string' && /^slack:[^:]+:[^:]+:[^:]+$/.test(value)),
  epoch: z.object({ turn: z.number().int().min(1), attempt: z.number().int().min(1) }),
  scope: z.custom<ScopeKey>(
    (value) => typeof value === 'string' && /^(organization|workspace:|channel:|group-dm:|person:)/.test(value),
  ),
  principal: z.custom<Principal>((value) => typeof value === 'string' && /^(agent@|person:)/.test(value)),
  requester: z.string().min(1).max(200),
});
