import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Logger } from 'pino';
import { sayPlaces } from '../../activities/say-places.ts';
import type { SessionId } from '../../contracts/ids.ts';
import { SIGNALS } from '../../contracts/signals.ts';
import type { Database } from '../../store/database.ts';
import { grantPlaces, takeUntold } from '../../store/grant-places.ts';
import { listenTo } from '../../store/notifications.ts';
import { hasPlaceRequests } from '../../store/places.ts';

export interface GrantPlacesOptions {
  readonly client: Client;
  readonly database: Database;
  readonly databaseUrl: string;
  readonly log: Logger;
}

/** While somebody is in line: a wake-up that got lost is made up for after this, and threads are told where they stand. */
const LOOK_EVERY_MS = 1_000;
/** While nobody is. */
const QUIET_MS = 2_000;
/** Workflows signalled side by side. */
const TOLD_AT_ONCE = 50;

/**
 * Gives free places to the turns in line as soon as there are any, and signals their workflows. Every agent worker does
 * this; PostgreSQL lets one at a time decide.
 *
 * A worker may die between the grant and the signal. Therefore the grant stays a row until the workflow has asked for
 * it, and the next worker that looks signals again.
 */
export function keepGrantingPlaces(options: GrantPlacesOptions): { stop(): Promise<void> } {
  const { databaseUrl, log } = options;
  let running: Promise<void> = Promise.resolve();
  let queued = false;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = (): void => {
    if (queued || stopped) return;
    queued = true;
    clearTimeout(timer);
    running = running.then(async () => {
      queued = false;
      const someoneWaits = await round(options).catch((error: unknown) => {
        log.warn({ err: error }, 'granting places failed');
        return true;
      });
      clearTimeout(timer);
      if (!stopped) timer = setTimeout(look, someoneWaits ? LOOK_EVERY_MS : QUIET_MS);
    });
  };
  const listening = listenTo({ url: databaseUrl, name: 'places', channels: ['bellhop_places'], onNotify: look });
  look();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await listening.stop();
      await running;
    },
  };
}

/** False when nobody is in line, and no granted place waits to be collected. */
async function round({ client, database, log }: GrantPlacesOptions): Promise<boolean> {
  if (!(await hasPlaceRequests(database))) return false;
  while ((await grantPlaces(database, { log })) > 0);
  for (;;) {
    const untold = await takeUntold(database, TOLD_AT_ONCE);
    await Promise.all(
      untold.map((session) =>
        tell(client, session).catch((error: unknown) => log.warn({ err: error, session }, 'a place was not told')),
      ),
    );
    if (untold.length < TOLD_AT_ONCE) break;
  }
  await sayPlaces(database);
  return true;
}

/** A workflow that is gone needs no place: the end of its turn gives it back. */
async function tell(client: Client, session: SessionId): Promise<void> {
  await client.workflow
    .getHandle(session)
    .signal(SIGNALS.place)
    .catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    });
}
