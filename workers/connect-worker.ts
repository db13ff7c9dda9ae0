import { setTimeout as sleep } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { TemporalTarget } from './temporal-connection.ts';

const PAUSE_MS = 1_000;

/**
 * Connects a Temporal worker's native half, and waits for a server that is away. A process that ended instead would be started again
 * with growing pauses, and would come back later than the server.
 *
 * @throws what Temporal's client throws for settings that can never work
 */
export async function connectWorker(
  { address, connection }: Pick<TemporalTarget, 'address' | 'connection'>,
  log: Logger,
): Promise<NativeConnection> {
  let said = false;
  for (;;) {
    try {
      return await NativeConnection.connect(connection);
    } catch (error) {
      if (error instanceof TypeError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      if (!said) log.warn({ address, reason }, 'Temporal does not answer yet; trying again every second');
      said = true;
      await sleep(PAUSE_MS);
    }
  }
}
