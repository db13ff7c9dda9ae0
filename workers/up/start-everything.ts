import { startDockerEngine } from './services/docker-engine.ts';
import { startPostgres } from './services/postgres.ts';
import { startTemporal } from './services/temporal.ts';
import type { UpContext } from './up-context.ts';

export async function startEverything(context: UpContext): Promise<void> {
  await Promise.all([startPostgres(context), startTemporal(context), startDockerEngine(context)]);
}
