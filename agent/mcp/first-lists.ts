/** The first list of a server's tools, which a turn that begins at that moment waits for. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EffectiveAccess, EffectiveServer } from '../../access/decision.ts';
import type { Queryable } from '../../store/database.ts';
import { OF_THE_FILE, unheardOf } from '../../store/mcp-servers.ts';
import { wantOwnListings } from './turn-tools.ts';

/** A server that hangs costs each turn no more than this, until its problem is known. */
const WITHIN_MS = 3_000;
const LOOK_EVERY_MS = 100;

/** Whether any server of a turn was never heard, so that waiting for it may bring its tools. */
export async function lacksFirstLists(db: Queryable, { servers, enabled }: EffectiveAccess): Promise<boolean> {
  return enabled && (await unheardOf(db, refsOf(servers))) > 0;
}

/**
 * Somebody connects a server and asks at once. Waits until each server of the turn was heard, or could not be, and no longer than
 * a moment: a turn goes on without the tools of a server that is away.
 */
export async function waitForFirstLists(db: Queryable, access: EffectiveAccess): Promise<void> {
  const ends = performance.now() + WITHIN_MS;
  await wantOwnListings(db, access);
  if (access.servers.some(({ connection }) => connection.owner === undefined)) db.wake('bellhop_servers', 'file');
  while (performance.now() < ends && (await lacksFirstLists(db, access))) await sleep(LOOK_EVERY_MS);
}

function refsOf(servers: readonly EffectiveServer[]) {
  return servers.map(({ connection: { id, owner = OF_THE_FILE }, url }) => ({ owner, connection: id, url }));
}
