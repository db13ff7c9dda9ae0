import type { Logger } from 'pino';
import type { ScopeKey } from '../../contracts/scope.ts';
import { McpError } from '../../mcp/errors.ts';
import { LOOK_LIMITS, withServer } from '../../mcp/session.ts';
import { ControlError, type ProxyControl } from '../../proxy/control-client.ts';
import type { Database } from '../../store/database.ts';
import {
  claimListing,
  dropServersBut,
  dueServers,
  type ListingPauses,
  noteListingProblem,
  OF_THE_FILE,
  type ServerRef,
  storeListing,
} from '../../store/mcp-servers.ts';
import { dropUnused, takeWanted } from '../../store/own-servers.ts';
import { shareLooks } from '../../store/shared-look.ts';

export interface ListServersDependencies {
  readonly database: Database;
  readonly proxy: Pick<ProxyControl, 'servers' | 'askServer'>;
  readonly log: Pick<Logger, 'warn'>;
  /** Aborts when the runner stops. */
  readonly stopping: AbortSignal;
  readonly pauses?: ListingPauses;
}

export interface ListServers {
  /** Begins to ask the servers that are due, as far as there is room. Call it every few seconds. */
  look(): Promise<void>;
  /** The same for those of people alone. Call it when a person has connected one, or a turn wants a list. */
  lookAtPeople(): Promise<void>;
  /** Forgets what has not been in force or in use for long. Call it every few minutes. */
  forget(): Promise<void>;
  /** Resolves when no server is being asked. */
  idle(): Promise<void>;
}

const PAUSES: ListingPauses = { usualMs: 5 * 60_000, troubledMs: 30_000 };
/** For one server, with all pages of its list. */
const WITHIN_MS = 60_000;
/** How many are asked at once: of the access file and of people, and of each those that were well and those that were not. */
const AT_ONCE = 8;
/** A server that leaves the access file for a moment keeps what was approved of it. */
const KEPT_MS = 24 * 3_600_000;
/** What is known of a person's server goes when they have not used it for so long. */
const OWN_KEPT_MS = 30 * KEPT_MS;

/**
 * Asks the MCP servers in force for their tools, each every five minutes and as soon as it is in force, and those of people when a
 * turn wants them. Of several runners one asks. A server that is away is asked again after half a minute.
 *
 * A server that hangs keeps its place until its time is over. Those that were not well the last time have places of their own, and so
 * have those of people. Therefore many that hang delay none that is new or well.
 */
export function createListServers(dependencies: ListServersDependencies): ListServers {
  const { database, proxy, log, stopping, pauses = PAUSES } = dependencies;
  const underWay = new Map<string, { readonly place: string; readonly asking: Promise<void> }>();
  /** For which of both there was no room for one that may be due. Then the end of another is a reason to look again. */
  const short = new Set<'file' | 'people'>();
  const placeOf = (owner: string, isTroubled: boolean) => `${owner === OF_THE_FILE}/${isTroubled}`;
  const room = (place: string) => AT_ONCE - [...underWay.values()].filter((each) => each.place === place).length;

  async function list(server: ServerRef): Promise<void> {
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(WITHIN_MS)]);
    const { owner, connection, url } = server;
    const name = owner === OF_THE_FILE ? null : { owner: owner as ScopeKey };
    try {
      const tools = await withServer(
        url,
        (ask) => proxy.askServer({ connection, url }, name, ask),
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
      const isRefused = error instanceof McpError && error.status === 401;
      await noteListingProblem(database, server, isTold ? error.message : why, isRefused);
    }
  }

  function begin(server: ServerRef, place: string): void {
    const key = keyOf(server);
    if (underWay.has(key)) return;
    const asking = list(server)
      .catch((error: unknown) => log.warn({ err: error }, 'what an MCP server lists could not be stored'))
      .finally(() => {
        underWay.delete(key);
        if (stopping.aborted) return;
        if (short.has('file')) void lookAtFile().catch(() => undefined);
        if (short.has('people')) void lookAtPeople().catch(() => undefined);
      });
    underWay.set(key, { place, asking });
  }

  // One at a time, so that the room is counted rightly.
  const lookAtFile = shareLooks(async () => {
    short.delete('file');
    for (const server of await dueServers(database, await proxy.servers(), pauses)) {
      const place = placeOf(OF_THE_FILE, server.isTroubled);
      if (underWay.has(keyOf(server))) continue;
      if (room(place) <= 0) short.add('file');
      else if (await claimListing(database, server, pauses)) begin(server, place);
    }
  });

  const lookAtPeople = shareLooks(async () => {
    short.delete('people');
    for (const isTroubled of [false, true]) {
      const place = placeOf('people', isTroubled);
      const left = room(place);
      const taken = await takeWanted(database, isTroubled, left);
      if (taken.length >= left) short.add('people');
      for (const server of taken) begin(server, place);
    }
  });

  return {
    look: async () => void (await Promise.all([lookAtFile(), lookAtPeople()])),
    lookAtPeople,
    async forget() {
      const inForce = (await proxy.servers()).map(({ connection }) => connection);
      await dropServersBut(database, inForce, KEPT_MS);
      await dropUnused(database, OWN_KEPT_MS);
    },
    async idle() {
      while (underWay.size > 0) await Promise.all([...underWay.values()].map(({ asking }) => asking));
    },
  };
}

function keyOf({ owner, connection }: ServerRef): string {
  return JSON.stringify([owner, connection]);
}
