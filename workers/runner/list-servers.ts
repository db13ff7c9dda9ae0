import type { Logger } from 'pino';
import { McpError } from '../../mcp/errors.ts';
import { LOOK_LIMITS, withServer } from '../../mcp/session.ts';
import { ControlError, type ProxyControl, type ServerView } from '../../proxy/control-client.ts';
import type { Database } from '../../store/database.ts';
import {
  claimListing,
  dropServersBut,
  type ListingPauses,
  noteListingProblem,
  storeListing,
} from '../../store/mcp-servers.ts';

export interface ListServersDependencies {
  readonly database: Database;
  readonly proxy: Pick<ProxyControl, 'servers' | 'askServer'>;
  readonly log: Pick<Logger, 'warn'>;
  /** Aborts when the runner stops. */
  readonly stopping: AbortSignal;
  readonly pauses?: ListingPauses;
}

const PAUSES: ListingPauses = { usualMs: 5 * 60_000, troubledMs: 30_000 };
/** For one server, with all pages of its list. */
const WITHIN_MS = 60_000;
const AT_ONCE = 8;
/** A server that leaves the access file for a moment keeps what was approved of it. */
const KEPT_MS = 24 * 3_600_000;

/**
 * Makes a function that asks the MCP servers in force for their tools, each every five minutes and as soon as it is in force. Of
 * several runners one asks. A server that is away is asked again after half a minute.
 */
export function createListServers({ database, proxy, log, stopping, pauses = PAUSES }: ListServersDependencies) {
  async function list(server: ServerView): Promise<void> {
    if (!(await claimListing(database, server, pauses))) return;
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(WITHIN_MS)]);
    const { connection, url } = server;
    try {
      const tools = await withServer(
        url,
        (ask) => proxy.askServer(server, null, ask),
        { signal, limits: LOOK_LIMITS },
        (session) => session.listTools(),
      );
      await storeListing(database, server, tools);
    } catch (error) {
      if (stopping.aborted) return;
      const isTold = error instanceof McpError || error instanceof ControlError;
      if (!isTold && !signal.aborted)
        log.warn({ err: error, connection }, 'an MCP server could not be asked for its tools');
      const why = signal.aborted
        ? 'It did not list its tools in time.'
        : 'Asking it failed; the log of the runner says why.';
      await noteListingProblem(database, server, isTold ? error.message : why);
    }
  }

  return async (): Promise<void> => {
    const servers = await proxy.servers();
    const connections = servers.map(({ connection }) => connection);
    await dropServersBut(database, connections, KEPT_MS);
    for (let at = 0; at < servers.length; at += AT_ONCE) await Promise.all(servers.slice(at, at + AT_ONCE).map(list));
  };
}
