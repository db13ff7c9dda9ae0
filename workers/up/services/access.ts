import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitsForChannels } from '../../../access/find-channel.ts';
import type { RegistryMirrors } from '../../../contracts/registries.ts';
import { reasonOf } from '../../../setup/errors.ts';
import { ROOT } from '../../../setup/host/home.ts';
import { PORTS } from '../../../setup/host/port-wishes.ts';
import { openDatabase } from '../../../store/database.ts';
import { currentPolicyRecord, type StoredPolicy } from '../../../store/policy.ts';
import { inheritedBy } from '../environments.ts';
import { definedOf, exists } from '../own-process.ts';
import type { UpContext } from '../up-context.ts';
import { type AccessCopy, withPort, writeAccessCopy } from './access-copy.ts';
import type { World } from './world.ts';

const DEMO_FILE = 'demo/bellhop.yaml';
/** The file names channels, and the gateway asks Slack for them when it comes up. */
const CHANNELS_MS = 30_000;
const RETRY_MS = 500;

export interface AccessOptions {
  /** As the role `admin`. */
  readonly databaseUrl: string;
  /** Null at the first start. */
  readonly inForce: StoredPolicy | null;
  /** Undefined beside a real Slack. */
  readonly world: World | undefined;
  /** Where packages come from on this machine. */
  readonly mirrors: Promise<RegistryMirrors>;
  /** Changes the port of the outside world in what is in force. Resolves with the new version. */
  readonly moveWorld: (port: number) => Promise<number>;
}

/**
 * Applies the demo's access file at the first start, by `./bellhop apply` itself. An access file that is in force stays. Where the demo's
 * outside world had to move to another port, that port is changed in it, and a copy with the new port is written for people.
 */
export async function provideAccess(context: UpContext, options: AccessOptions): Promise<void> {
  const { world, inForce } = options;
  const folder = context.home.folder;
  await context.journal.step('access', async (say) => {
    if (inForce) {
      const stays = `version ${inForce.version} of the access file is in force`;
      if (!world || withPort(world.port, inForce.source) === inForce.source) return { detail: stays, value: undefined };
      const version = await options.moveWorld(world.port);
      const copy = await writeAccessCopy(folder, world.port, inForce.source);
      return { detail: movedTo(copy, version, await folderOfApplied(folder)), value: undefined };
    }
    if (!world || !exists(DEMO_FILE)) {
      return { detail: 'nothing is allowed yet: ./bellhop apply bellhop.yaml', value: undefined };
    }
    const copy = await demoFileFor(world, folder);
    say(`applying ${shownFrom(copy.file)}`);
    await applyDemo(context, copy.file, options);
    return { detail: `${shownFrom(copy.file)} applied; ${toEdit(copy.file)}`, value: undefined };
  });
}

function shownFrom(file: string): string {
  return path.relative(ROOT, file).startsWith('..') ? file : path.relative(ROOT, file);
}

function toEdit(file: string, options = ''): string {
  return `edit it and run: ./bellhop apply ${shownFrom(file)}${options}`;
}

/** What is in force now, and what to do with it. @param folder of the files that the access file names */
function movedTo({ file, kept }: AccessCopy, version: number, folder: string): string {
  const options = ` --files-from ${folder}`;
  const moved = `the simulated outside world has another port, and version ${version} of the access file says so; nothing else in it is new`;
  const [edited] = kept;
  if (edited === undefined) return `${moved}. It is ${shownFrom(file)}: ${toEdit(file, options)}`;
  const others = kept.map(shownFrom).join(' and ');
  return `${moved}. It is ${shownFrom(file)}. What you changed in ${others} is kept and not in force, only the port in it is new; to use it, run: ./bellhop apply ${shownFrom(edited)}${options}`;
}

/** Where the files are that the file names which was applied last (cli/apply/default-file.ts): in a folder of their own, or beside it. */
async function folderOfApplied(home: string): Promise<string> {
  const [file = '', folder = ''] = (await readFile(path.join(home, 'applied-file'), 'utf8').catch(() => '')).split(
    '\n',
  );
  if (folder !== '') return folder;
  return file === '' ? ROOT : path.dirname(file);
}

/** The demo's file, or a copy in the home when the outside world had to take another port than the file names. */
async function demoFileFor(world: World, home: string): Promise<AccessCopy> {
  const file = path.join(ROOT, DEMO_FILE);
  if (world.port === PORTS.world.usual) return { file, kept: [] };
  return writeAccessCopy(home, world.port, await readFile(file, 'utf8'));
}

/** The access file in force, read as the role `admin`. */
export async function policyInForce(databaseUrl: string): Promise<StoredPolicy | null> {
  const database = openDatabase({ url: databaseUrl, name: 'up', connections: 1 });
  try {
    return await currentPolicyRecord(database);
  } finally {
    await database.end();
  }
}

async function applyDemo(
  context: UpContext,
  file: string,
  { databaseUrl, world, mirrors }: AccessOptions,
): Promise<void> {
  const env = definedOf({
    ...inheritedBy('apply', context.environment),
    BELLHOP_HOME: context.home.folder,
    BELLHOP_DATABASE_URL: databaseUrl,
    BELLHOP_REGISTRY_MIRRORS: JSON.stringify(await mirrors),
  });
  const script = path.join(ROOT, 'cli', 'main.ts');
  const secrets = world?.token ? { ACME_TOKEN: world.token, ACME_LOGIN: `bellhop:${world.token}` } : undefined;
  const task = {
    name: 'apply',
    script,
    args: ['apply', file],
    env,
    secrets,
  };
  const end = Date.now() + CHANNELS_MS;
  for (;;) {
    try {
      await context.supervisor.run(task, () => {});
      return;
    } catch (error) {
      // Each try runs the file's commands for secrets again. Therefore only what the gateway may still bring is waited for.
      if (context.signal.aborted || Date.now() > end || !waitsForChannels(reasonOf(error))) throw error;
      await sleep(RETRY_MS, undefined, { signal: context.signal });
    }
  }
}
