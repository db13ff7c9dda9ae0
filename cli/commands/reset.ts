import { rm } from 'node:fs/promises';
import type { Command } from 'commander';
import { connectEngine } from '../../docker/engine.ts';
import { removeSandboxes } from '../../docker/remove-sandboxes.ts';
import { reasonOf, SetupError } from '../../setup/errors.ts';
import { readDatabaseUrls } from '../../setup/host/database-urls.ts';
import { type Home, homeFolder, isHome, openHome } from '../../setup/host/home.ts';
import { holderOfUpLock } from '../../setup/host/up-lock.ts';
import { askOnTerminal } from '../ask-on-terminal.ts';

export function register(program: Command): void {
  program
    .command('reset')
    .description('remove this installation from this machine: threads, files, keys, credentials, sandboxes')
    .option('-y, --yes', 'do not ask')
    .action(async (options: { yes?: boolean }) => {
      const folder = homeFolder(process.env);
      if (!isHome(folder)) return console.log(`Nothing to remove: there is no installation in ${folder}.`);
      const home = await openHome(folder);
      const holder = await holderOfUpLock(home.lock);
      if (holder) {
        throw new SetupError(
          'already-running',
          `Bellhop is running (process ${holder.pid})`,
          `stop it first: kill ${holder.pid}`,
        );
      }
      console.log(await describe(home));
      if (options.yes !== true && !(await askOnTerminal('Remove all of this?')))
        return console.log('Nothing was removed.');
      console.log(await removeContainers(home));
      for (const each of [home.installation.dataFolder, home.installation.runFolder, home.folder]) {
        await rm(each, { recursive: true, force: true });
      }
      console.log('Removed. `./bellhop up` begins anew.');
    });
}

async function describe(home: Home): Promise<string> {
  const { id, dataFolder, runFolder } = home.installation;
  const database = await readDatabaseUrls(home.databaseUrls).catch(() => undefined);
  const lines = [`Installation ${id}:`, ...[home.folder, runFolder, dataFolder].map((each) => `  ${each}`)];
  lines.push(`  containers and volumes with the label bellhop.installation=${id}`);
  if (database && !database.embedded) {
    const { hostname, pathname } = new URL(database.owner);
    lines.push(`Not removed: the database ${hostname}${pathname}. To begin anew, point DATABASE_URL at an empty one.`);
  }
  lines.push('Not removed: the sandbox image and downloads, which other checkouts share.');
  return lines.join('\n');
}

async function removeContainers(home: Home): Promise<string> {
  const { id, runFolder } = home.installation;
  try {
    const engine = await connectEngine({ env: process.env });
    const removed = await removeSandboxes({ engine, installation: id }, { runDir: runFolder, workspaces: true });
    return `Removed ${removed.sandboxes} sandboxes and ${removed.workspaces} workspaces.`;
  } catch (error) {
    return `Sandboxes could not be removed (${reasonOf(error)}); their label is bellhop.installation=${id}.`;
  }
}
