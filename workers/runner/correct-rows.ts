import type { Logger } from 'pino';
import type { SandboxRuntime } from '../../docker/sandbox.ts';
import type { Database } from '../../store/database.ts';
import { correctHeld } from '../../store/sandboxes.ts';

export interface CorrectRowsDependencies {
  readonly runner: string;
  readonly runtime: Pick<SandboxRuntime, 'list'>;
  readonly database: Database;
  readonly log: Logger;
}

/**
 * Brings what is stored about this runner's sandboxes in line with its engine: after a restart of the machine the
 * containers are gone, and their rows would hold places for ever. Run it before the runner takes its first work.
 */
export async function correctRows({ runner, runtime, database, log }: CorrectRowsDependencies): Promise<void> {
  const present = (await runtime.list()).filter((each) => each.runner === runner).map(({ id }) => id);
  const corrected = await correctHeld(database, runner, present);
  if (corrected > 0) log.info({ corrected }, 'corrected rows of sandboxes whose container is gone');
}
