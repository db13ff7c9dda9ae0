import type { Readable } from 'node:stream';
import { Pool } from 'undici';
import type { ToolFacts } from '../access/mcp/judge-tool.ts';
import type { EgressCounts, LeaseEpoch, LeaseRequest } from '../contracts/egress.ts';
import { type Principal, principalOf, type ScopeKey } from '../contracts/scope.ts';
import {
  CARRIED,
  type ConnectionAnswer,
  type ConnectionRequest,
  ControlError,
  type DiscoveredAuthorization,
  type DiscoveryRequest,
  type LeaseView,
  type ListenerView,
  type ProxyHealth,
  type ServerView,
} from './control/protocol.ts';

export type {
  ConnectionAnswer,
  ConnectionRequest,
  DiscoveredAuthorization,
  LeaseView,
  ListenerView,
  ProxyHealth,
  ServerView,
} from './control/protocol.ts';
export { ControlError } from './control/protocol.ts';

/** The runner's side of the control socket. Every method rejects with a {@link ControlError}. */
export interface ProxyControl {
  /** Makes the proxy listen for a sandbox. Calling it again is harmless, also after a restart of the proxy. */
  ensureListener(sandbox: string, relayUid: number): Promise<ListenerView>;
  /** Closes the lease, ends open connections and removes the folder. Succeeds for an unknown sandbox too. */
  removeListener(sandbox: string): Promise<void>;
  listeners(): Promise<ListenerView[]>;
  /** Opens the lease or keeps it alive. The lease dies 15 s after the last call. A restarted proxy opens it again. */
  openLease(request: LeaseRequest): Promise<LeaseView>;
  /** The same call as `openLease`, under the name that fits a lease that is open already. */
  renewLease(request: LeaseRequest): Promise<LeaseView>;
  /** Closes the turn's lease for good. Without `attempt` it closes the lease of any attempt of the turn. */
  closeLease(sandbox: string, turn: number, attempt?: number): Promise<LeaseView>;
  lease(sandbox: string): Promise<LeaseView>;
  /** Resolves once this turn's lease is open. Rejects with `lease_timeout` after `timeoutMs`. */
  waitForLease(sandbox: string, turn: number, timeoutMs: number): Promise<void>;
  /**
   * Follows the counts of a lease. Resolves with the final counts when the lease is closed. Rejects with
   * `lease_expired`, `lease_superseded` or `proxy_unreachable` when it ends otherwise, and with the signal's reason
   * when it is aborted.
   */
  followLease(sandbox: string, epoch: LeaseEpoch, options?: FollowOptions): Promise<EgressCounts>;
  /** Sends a request with a connection's credential, as the operator. */
  testConnection(connection: string, request: ConnectionRequest): Promise<ConnectionAnswer>;
  /** Asks an MCP server of the access file where people grant tokens for it. */
  discover(server: string, request: DiscoveryRequest): Promise<DiscoveredAuthorization>;
  /** The MCP servers in force. */
  servers(): Promise<ServerView[]>;
  /**
   * Sends one request to an MCP server's address, in the name of a turn. `not_found` when the proxy knows the server at another
   * address. Without a turn it is a look at the list of tools. The
   * body of the answer has to be read or destroyed.
   */
  askServer(server: ServerView, name: AskName, ask: ServerAsk): Promise<ServerAnswer>;
  /** Who commits in the sandboxes of a scope, as `Name <address>`. Null when no forge of the scope says so. */
  commitAuthor(scope: ScopeKey, principal?: Principal): Promise<string | null>;
  health(): Promise<ProxyHealth>;
  close(): Promise<void>;
}

/** In whose name an MCP server is asked: of a turn; for a look at its tools, of a person; null for the operator's look. */
export type AskName =
  | { readonly sandbox: string; readonly turn: number; readonly facts?: ToolFacts }
  | { readonly owner: ScopeKey }
  | null;

export interface ServerAsk {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly signal: AbortSignal;
}

export interface ServerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}

export interface FollowOptions {
  readonly signal?: AbortSignal;
  readonly onCounts?: (counts: EgressCounts) => void;
}

export interface ProxyControlOptions {
  /** Path of the control socket (`BELLHOP_PROXY_CONTROL`). */
  readonly socketPath: string;
}

/**
 * Speaks to the control socket. When the proxy refuses, the call rejects with a `ControlError` that has the refusal's
 * code. When the proxy does not answer, the code is `proxy_unreachable`.
 */
export function createProxyControl({ socketPath }: ProxyControlOptions): ProxyControl {
  const pool = new Pool('http://proxy.control', { socketPath, headersTimeout: 60_000, bodyTimeout: 0 });

  async function call<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
    const response = await pool
      .request({
        method,
        path,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      })
      .catch((cause: Error) => {
        throw new ControlError(
          'proxy_unreachable',
          `the Agent Proxy does not answer on ${socketPath}: ${cause.message}`,
        );
      });
    const text = await response.body.text();
    if (response.statusCode >= 400) throw errorOf(text, response.statusCode);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  const leaseOf = (sandbox: string) => `/sandboxes/${encodeURIComponent(sandbox)}/lease`;

  async function follow(sandbox: string, epoch: LeaseEpoch, options: FollowOptions): Promise<EgressCounts> {
    const response = await pool.request({
      method: 'GET',
      path: `/sandboxes/${encodeURIComponent(sandbox)}/events?turn=${epoch.turn}&attempt=${epoch.attempt}`,
      ...(options.signal ? { signal: options.signal } : {}),
    });
    if (response.statusCode >= 400) throw errorOf(await response.body.text(), response.statusCode);
    for await (const line of linesOf(response.body)) {
      const view = JSON.parse(line) as LeaseView;
      options.onCounts?.(view.counts);
      if (view.ending === 'closed') return view.counts;
      if (view.ending) throw new ControlError(`lease_${view.ending}`, `the lease of turn ${epoch.turn} ${view.ending}`);
    }
    throw new ControlError('proxy_unreachable', 'the Agent Proxy went away');
  }

  const openLease = (request: LeaseRequest) => call<LeaseView>('PUT', leaseOf(request.sandbox), request);

  return {
    ensureListener: (sandbox, relayUid) => call('PUT', `/sandboxes/${encodeURIComponent(sandbox)}`, { relayUid }),
    removeListener: (sandbox) => call('DELETE', `/sandboxes/${encodeURIComponent(sandbox)}`),
    listeners: async () => (await call<{ sandboxes: ListenerView[] }>('GET', '/sandboxes')).sandboxes,
    openLease,
    renewLease: openLease,
    closeLease: (sandbox, turn, attempt) =>
      call('DELETE', `${leaseOf(sandbox)}?turn=${turn}${attempt === undefined ? '' : `&attempt=${attempt}`}`),
    lease: (sandbox) => call('GET', leaseOf(sandbox)),
    async waitForLease(sandbox, turn, timeoutMs) {
      const view = await call<LeaseView>('GET', `${leaseOf(sandbox)}?turn=${turn}&waitMs=${timeoutMs}`);
      if (view.state !== 'open' || view.epoch?.turn !== turn) {
        throw new ControlError('lease_timeout', `turn ${turn} has no open lease after ${timeoutMs} ms`);
      }
    },
    async followLease(sandbox, epoch, options = {}) {
      try {
        return await follow(sandbox, epoch, options);
      } catch (error) {
        if (options.signal?.aborted) throw options.signal.reason;
        if (error instanceof ControlError) throw error;
        throw new ControlError('proxy_unreachable', `the Agent Proxy went away: ${(error as Error).message}`);
      }
    },
    testConnection: (connection, request) =>
      call('POST', `/connections/${encodeURIComponent(connection)}/test`, request),
    discover: (server, request) => call('POST', `/servers/${encodeURIComponent(server)}/authorization`, request),
    servers: async () => (await call<{ servers: ServerView[] }>('GET', '/servers')).servers,
    async askServer(server, name, { method, headers, body, signal }) {
      const query = new URLSearchParams({
        url: server.url,
        ...(name && ('owner' in name ? { owner: name.owner } : { sandbox: name.sandbox, turn: String(name.turn) })),
      });
      for (const [fact, holds] of Object.entries(name && 'facts' in name ? { ...name.facts } : {})) {
        if (holds) query.set(fact, 'yes');
      }
      const path = `/servers/${encodeURIComponent(server.connection)}?${query}`;
      // A server may be silent for long. The caller's signal says for how long.
      const sent = pool.request({ method, path, headers, body, signal, headersTimeout: 0, bodyTimeout: 0 });
      const answer = await sent.catch((cause: Error) => {
        if (signal.aborted) throw signal.reason;
        throw new ControlError('proxy_unreachable', `the Agent Proxy broke off: ${cause.message}`);
      });
      if (answer.headers[CARRIED] === undefined) throw errorOf(await answer.body.text(), answer.statusCode);
      return { status: answer.statusCode, headers: answer.headers, body: answer.body };
    },
    commitAuthor: async (scope, principal = principalOf(scope)) => {
      const path = `/authors/${encodeURIComponent(scope)}?principal=${encodeURIComponent(principal)}`;
      return (await call<{ author: string | null }>('GET', path)).author;
    },
    health: () => call('GET', '/health'),
    close: () => pool.destroy(),
  };
}

async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of body) {
    rest += chunk.toString('utf8');
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
  }
}

function errorOf(text: string, status: number): ControlError {
  try {
    const { error } = JSON.parse(text) as { error: { code: ControlError['code']; message: string } };
    return new ControlError(error.code, error.message);
  } catch {
    return new ControlError('internal', `the Agent Proxy answered ${status}`);
  }
}
