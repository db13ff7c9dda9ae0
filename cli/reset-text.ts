import { existsSync } from 'node:fs';
import { cacheFolder } from '../setup/host/cache.ts';
import { readDatabaseUrls } from '../setup/host/database-urls.ts';
import type { Home } from '../setup/host/home.ts';
import { SHARED_POSTGRES } from '../setup/postgres/binaries.ts';

/** Lists what a reset removes and what it keeps. Printed before the question. */
export async function resetText(
  home: Home,
  { environment, sandboxes }: { readonly environment: NodeJS.ProcessEnv; readonly sandboxes: boolean },
): Promise<string> {
  const { id, dataFolder, runFolder } = home.installation;
  const inEngine = `containers and volumes with the label bellhop.installation=${id}`;
  const database = await readDatabaseUrls(home.databaseUrls).catch(() => undefined);
  const lines = [`Installation ${id}:`, ...[home.folder, runFolder, dataFolder].map((each) => `  ${each}`)];
  lines.push(sandboxes ? `  ${inEngine}` : `Not removed: ${inEngine}.`);
  if (database && !database.embedded) {
    const { hostname, pathname } = new URL(database.owner);
    lines.push(`Not removed: the database ${hostname}${pathname}. To begin anew, point DATABASE_URL at an empty one.`);
  }
  const shared = [cacheFolder(environment), SHARED_POSTGRES].filter((folder) => existsSync(folder));
  lines.push(
    `Not removed, as other checkouts share them: the sandbox image${shared.map((each) => `, ${each}`).join('')}.`,
  );
  return lines.join('\n');
}
