import type { z } from 'zod';
import type { EgressCounts, LeaseRequest } from '../../contracts/egress.ts';
import { type Principal, principalOf, type ScopeKey } from '../../contracts/scope.ts';
import type { LeaseTable } from '../lease/lease-table.ts';
import type { SandboxListeners } from '../listener/sandbox-listeners.ts';
import type { ServerDoor } from '../mcp/server-door.ts';
import {
  type ConnectionAnswer,
  type ConnectionRequest,
  ConnectionRequestSchema,
  ControlError,
  type DiscoveredAuthorization,
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  LeaseRequestSchema,
  type LeaseView,
  ListenRequestSchema,
  PrincipalSchema,
  type ProxyHealth,
  SandboxIdSchema,
  ScopeKeySchema,
} from './protocol.ts';

export interface ControlRequest {
  readonly method: string;
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface ControlRoutesOptions {
  readonly leases: LeaseTable;
  readonly listeners: SandboxListeners;
  /** The recorded counts of this turn from before this process started. Undefined when they cannot be had in time. */
  readonly earlierCounts: (request: LeaseRequest) => Promise<EgressCounts | undefined>;
  readonly health: () => ProxyHealth;
  readonly testConnection: (connection: string, request: ConnectionRequest) => Promise<ConnectionAnswer>;
  readonly discover: (server: string, request: DiscoveryRequest) => Promise<DiscoveredAuthorization>;
  readonly commitAuthor: (scope: ScopeKey, principal: Principal) => Promise<string | null>;
  readonly door: Pick<ServerDoor, 'servers'>;
}

const WAIT_LIMIT_MS = 30_000;

/** Answers every route of `control/protocol.ts` except the stream. Undefined stands for an answer without a body. */
export function createControlRoutes(options: ControlRoutesOptions) {
  const { leases, listeners, earlierCounts, health, testConnection, discover, commitAuthor, door } = options;
  async function openLease(sandbox: string, body: unknown): Promise<LeaseView> {
    const request = parse(LeaseRequestSchema, body);
    if (request.sandbox !== sandbox) throw new ControlError('bad_request', 'the body names another sandbox');
    if (!listeners.has(sandbox)) throw notListening(sandbox);
    const known = leases.view(sandbox);
    const sameTurn = known.epoch?.turn === request.epoch.turn && known.session === request.session;
    const earlier = sameTurn ? undefined : await earlierCounts(request);
    // The sandbox may have been removed during the await. Then nobody would hold this lease.
    if (!listeners.has(sandbox)) throw notListening(sandbox);
    return leases.open(request, earlier);
  }

  async function awaitLease(sandbox: string, query: URLSearchParams): Promise<LeaseView> {
    const turn = query.get('turn') === null ? null : whole(query, 'turn');
    const waitMs = query.get('waitMs') === null ? 0 : Math.min(whole(query, 'waitMs'), WAIT_LIMIT_MS);
    const isThere = () => {
      leases.current(sandbox);
      const { state, epoch } = leases.view(sandbox);
      return state === 'open' && (turn === null || epoch?.turn === turn);
    };
    if (waitMs > 0 && !isThere()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, waitMs);
        const stop = leases.watch(sandbox, () => isThere() && done());
        function done(): void {
          clearTimeout(timer);
          stop();
          resolve();
        }
      });
    }
    return leases.view(sandbox);
  }

  return async function route({ method, segments, query, body }: ControlRequest): Promise<unknown> {
    const [room, id, part, ...rest] = segments;
    const where = `${method} ${part ?? (id === undefined ? room : 'sandbox')}`;
    if (room === 'health' && method === 'GET' && id === undefined) return health();
    if (room === 'connections' && method === 'POST' && id !== undefined && part === 'test' && rest.length === 0) {
      return testConnection(id, parse(ConnectionRequestSchema, body ?? {}));
    }
    if (room === 'servers' && method === 'POST' && id !== undefined && part === 'authorization' && rest.length === 0) {
      return discover(id, parse(DiscoveryRequestSchema, body ?? {}));
    }
    if (room === 'servers' && method === 'GET' && id === undefined) return { servers: door.servers() };
    if (room === 'authors' && method === 'GET' && id !== undefined && part === undefined) {
      const scope = parse(ScopeKeySchema, id);
      const principal = query.get('principal');
      const acting = principal === null ? principalOf(scope) : parse(PrincipalSchema, principal);
      return { author: await commitAuthor(scope, acting) };
    }
    if (room !== 'sandboxes' || rest.length > 0) throw notFound();
    if (id === undefined) {
      if (method !== 'GET') throw notFound();
      return { sandboxes: listeners.list() };
    }
    const sandbox = parse(SandboxIdSchema, id);
    switch (where) {
      case 'PUT sandbox':
        return listeners.ensure(sandbox, parse(ListenRequestSchema, body).relayUid);
      case 'DELETE sandbox':
        // `remove` forgets the listener synchronously, so that no lease opens for this sandbox from here on.
        await Promise.all([listeners.remove(sandbox), leases.forget(sandbox)]);
        return undefined;
      case 'PUT lease':
        return openLease(sandbox, body);
      case 'GET lease':
        return awaitLease(sandbox, query);
      case 'DELETE lease':
        return leases.close(
          sandbox,
          whole(query, 'turn'),
          query.get('attempt') === null ? undefined : whole(query, 'attempt'),
        );
      default:
        throw notFound();
    }
  };
}

/**
 * A parameter that must be a whole number of up to nine digits.
 * @throws ControlError `bad_request`
 */
export function whole(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '';
  if (!/^[0-9]{1,9}$/.test(text)) throw new ControlError('bad_request', `${name} must be a whole number`);
  return Number(text);
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new ControlError('bad_request', `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not understood'}`);
}

function notListening(sandbox: string): ControlError {
  return new ControlError('not_found', `nothing listens for sandbox ${sandbox}`);
}

function notFound(): ControlError {
  return new ControlError('not_found', 'there is no such route on the control socket');
}
