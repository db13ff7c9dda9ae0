import { rm } from 'node:fs/promises';
import type { Command } from 'commander';
import { removeSandboxes } from '../../docker/remove-sandboxes.ts';
import { reasonOf, SetupError } from '../../setup/errors.ts';
import { type Home, homeFolder, isHome, openHome } from '../../setup/host/home.ts';
import { holderOfUpLock, takeUpLock } from '../../setup/host/up-lock.ts';
import { stopLeftovers } from '../../workers/up/leftovers.ts';
import { withEngine } from '../../workers/up/with-engine.ts';
import { askOnTerminal } from '../ask-on-terminal.ts';
import { resetText } from '../reset-text.ts';

interface ResetOptions {
  readonly yes?: boolean;
  readonly leaveSandboxes?: boolean;
}

/** `bellhop reset`: removes the installation from this machine. Without `--yes` it asks first. */
export function register(program: Command): void {
  program
    .command('reset')
    .description('remove this installation from this machine: threads, files, keys, credentials, sandboxes')
    .option('-y, --yes', 'do not ask')
    .option('--leave-sandboxes', 'leave containers and volumes to the engine, where it cannot be reached any more')
    .action(reset);
}

async function reset(options: ResetOptions): Promise<void> {
  const folder = homeFolder(process.env);
  if (!isHome(folder)) return console.log(`Nothing to remove: there is no installation in ${folder}.`);
  const home = await openHome(folder);
  await refuseWhatRuns(home);
  console.log(await resetText(home, { environment: process.env, sandboxes: !options.leaveSandboxes }));
  if (options.yes !== true && !(await askOnTerminal('Remove all of this?'))) return console.log('Nothing was removed.');

  await using _lock = await takeUpLock(home.lock);
  await stopLeftovers(home.children);
  // The engine is cleaned first and completely: without the home folder, nobody knows which containers are Bellhop's.
  if (!options.leaveSandboxes) console.log(await removeFromEngine(home));
  for (const each of [home.installation.dataFolder, home.installation.runFolder, home.folder]) {
    await rm(each, { recursive: true, force: true });
  }
  console.log('Removed. `./bellhop up` begins anew.');
}

async function refuseWhatRuns(home: Home): Promise<void> {
  const holder = await holderOfUpLock(home.lock);
  if (!holder) return;
  const fix = `stop it first: kill ${holder.pid}`;
  throw new SetupError('already-running', `Bellhop is running (process ${holder.pid})`, fix);
}

async function removeFromEngine(home: Home): Promise<string> {
  const { id, runFolder } = home.installation;
  try {
    const removed = await withEngine(
      { home, environment: process.env, tell: console.log },
      async (engine) => await removeSandboxes({ engine, installation: id }, { runDir: runFolder, workspaces: true }),
    );
    return `Removed ${removed.sandboxes} sandboxes and ${removed.workspaces} workspaces.`;
  } catch (error) {
    const fix = error instanceof SetupError && error.fix ? `${error.fix}; ` : '';
    throw new SetupError(
      'docker-unavailable',
      `the sandboxes cannot be removed, so nothing else was: ${reasonOf(error)}`,
      `${fix}or leave them where they are: ./bellhop reset --leave-sandboxes`,
    );
  }
}
