import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { duplexPair } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AccessDocument } from '../../access/document.ts';
import { NO_FACTS, type ToolFacts } from '../../access/mcp/judge-tool.ts';
import type { ScopeKey } from '../../contracts/scope.ts';
import { CARRIED, ControlError, type ServerView } from '../control/protocol.ts';
import type { Lease, LeaseTable } from '../lease/lease-table.ts';
import type { Clients } from '../listener/clients.ts';
import type { HttpFront } from '../listener/http-front.ts';
import { hostHeader, parseAuthority } from '../request/authority.ts';
import type { ConnectionTests } from '../request/connection-tests.ts';

/** The way from the control socket to MCP servers. */
export interface ServerDoor {
  /** The MCP servers in force. @throws ControlError `internal` before the first policy is loaded, when nobody knows them */
  servers(): ServerView[];
  /**
   * Carries one request of a turn to the address of an MCP server, and the answer back. It passes through all that a request of
   * that sandbox passes through: it needs the turn's lease, is judged, gets the credential, and leaves an event.
   * @throws ControlError `not_found`, `lease_expired`
   */
  carry(ask: TurnAsk, request: IncomingMessage, response: ServerResponse): Promise<void>;
  /**
   * The same for a look at the list of tools, which belongs to no turn and can call no tool.
   *
   * @param owner the scope of the person in whose name it is; null for the operator's, with the credential of the access file
   * @throws ControlError
   */
  look(server: ServerView, owner: ScopeKey | null, request: IncomingMessage, response: ServerResponse): Promise<void>;
}

export interface TurnAsk {
  readonly server: ServerView;
  readonly sandbox: string;
  readonly turn: number;
  /** What the runner says of the call. @default nothing */
  readonly facts?: ToolFacts;
}

export interface ServerDoorOptions {
  readonly clients: Pick<Clients, 'admit'>;
  readonly front: () => HttpFront;
  readonly leases: Pick<LeaseTable, 'current'>;
  readonly tests: Pick<ConnectionTests, 'lend' | 'lendTo'>;
  /** The policy in use. Null before the first is loaded. */
  readonly document: () => AccessDocument | null;
}

/** What of a request goes on to the server. Everything else belongs to the control socket. */
const PASSED_ON = ['accept', 'content-type', 'last-event-id', 'mcp-protocol-version', 'mcp-session-id', 'user-agent'];
/** They are about the connection of the control socket, which has its own. */
const NOT_PASSED_BACK: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', CARRIED]);

/**
 * Each request becomes a connection of the sandbox that is inside a tunnel to the server already, so the usual front
 * serves it.
 */
export function createServerDoor({ clients, front, leases, tests, document }: ServerDoorOptions): ServerDoor {
  const all = () => document()?.connections ?? [];
  const offered = () => (document()?.people?.offers ?? []).map(({ connection }) => connection);

  async function carry(
    { connection: server, url: asked }: ServerView,
    { sandbox, lease, facts = NO_FACTS }: Pick<TurnAsk, 'sandbox' | 'facts'> & { readonly lease: Lease | null },
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    // Whose connection it is, and whether they have it, is judged with the request.
    const found = [...all(), ...offered()].find(({ id }) => id === server);
    // What one address lists must not be kept for another, so both sides have to mean the same.
    if (found?.mcp?.url !== asked)
      throw new ControlError('not_found', `no MCP server ${server} is in force at ${asked}`);
    const url = new URL(asked);
    const authority = parseAuthority(url.host, 443);
    const [ours, theirs] = duplexPair();
    try {
      const client = clients.admit(sandbox, theirs);
      if (!client) throw new ControlError('internal', 'the sandbox has no room for one more connection');
      // As if it had come through an intercepted tunnel to this host.
      client.tunnel = authority;
      client.server = { connection: server, facts };
      // The turn may end before the head is read, and the next one begin.
      client.lease = lease;
      front().serve(theirs);
      const headers = Object.fromEntries(
        PASSED_ON.flatMap((name) =>
          request.headers[name] === undefined ? [] : [[name, String(request.headers[name])]],
        ),
      );
      const sent = http.request({
        createConnection: () => ours as never,
        method: request.method,
        path: url.pathname + url.search,
        headers: { ...headers, host: hostHeader(authority, 'https') },
      });
      // The caller is gone: the turn was stopped, or its process ended.
      response.once('close', () => sent.destroy());
      const answered = new Promise<IncomingMessage>((resolve, reject) => {
        sent.once('response', resolve);
        sent.once('error', reject);
      });
      await Promise.all([pipeline(request, sent), answered.then((answer) => passBack(answer, response))]);
    } catch (error) {
      if (error instanceof ControlError) throw error;
      response.destroy();
    } finally {
      ours.destroy();
      theirs.destroy();
    }
  }

  return {
    servers() {
      if (!document()) throw new ControlError('internal', 'the policy is not loaded yet');
      return all().flatMap(({ id, mcp }) => (mcp ? [{ connection: id, url: mcp.url }] : []));
    },
    async carry({ server, sandbox, turn, facts }, request, response) {
      const lease = leases.current(sandbox);
      if (lease?.request.epoch.turn !== turn) {
        throw new ControlError('lease_expired', `turn ${turn} has no open lease in ${sandbox}`);
      }
      await carry(server, { sandbox, lease, ...(facts && { facts }) }, request, response);
    },
    look: (server, owner, request, response) => {
      const work = (sandbox: string) => carry(server, { sandbox, lease: null }, request, response);
      return owner === null ? tests.lend(server.connection, work) : tests.lendTo(owner, work);
    },
  };
}

async function passBack(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = Object.entries(answer.headersDistinct).filter(([name]) => !NOT_PASSED_BACK.has(name));
  response.writeHead(answer.statusCode ?? 502, { ...Object.fromEntries(headers), [CARRIED]: 'yes' });
  response.flushHeaders();
  await pipeline(answer, response);
}
