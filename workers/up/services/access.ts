import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitsForChannels } from '../../../access/find-channel.ts';
import type { RegistryMirrors } from '../../../contracts/registries.ts';
import { reasonOf } from '../../../setup/errors.ts';
import { writeAtomically } from '../../../setup/host/atomic-file.ts';
import { ROOT } from '../../../setup/host/home.ts';
import { PORTS } from '../../../setup/host/port-wishes.ts';
import { openDatabase } from '../../../store/database.ts';
import { currentPolicyRecord, type StoredPolicy } from '../../../store/policy.ts';
import { inheritedBy } from '../environments.ts';
import { definedOf, exists } from '../own-process.ts';
import type { UpContext } from '../up-context.ts';
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
}

/**
 * Applies the demo's access file at the first start, by `./bellhop apply` itself. An access file that is in force stays, unless the
 * demo's outside world had to move to another port.
 */
export async function provideAccess(context: UpContext, options: AccessOptions): Promise<void> {
  const { world, inForce } = options;
  const folder = context.home.folder;
  await context.journal.step('access', async (say) => {
    let file: string;
    if (inForce) {
      const stays = `version ${inForce.version} of the access file is in force`;
      const moved = world && textFor(world, inForce.source);
      if (moved === undefined || moved === inForce.source) return { detail: stays, value: undefined };
      file = await writeCopy(folder, moved);
      const from = await folderOfApplied(folder);
      say(`applying ${shownFrom(file)}`);
      // A file that it names may be gone by now. What is in force is good all the same, and everything else starts.
      const problem = await applyDemo(context, file, options, from).then(
        () => null,
        (error: unknown) => {
          if (context.signal.aborted) throw error;
          return reasonOf(error);
        },
      );
      if (problem !== null) {
        const detail = `${stays}. The simulated outside world has another port now, and ${shownFrom(file)} could not be applied: ${problem}`;
        return { detail, value: undefined };
      }
      return { detail: `${appliedAs(file)} --files-from ${from}`, value: undefined };
    } else if (!world || !exists(DEMO_FILE)) {
      return { detail: 'nothing is allowed yet: ./bellhop apply bellhop.yaml', value: undefined };
    } else {
      file = await demoFileFor(world, folder);
    }
    say(`applying ${shownFrom(file)}`);
    await applyDemo(context, file, options);
    return { detail: appliedAs(file), value: undefined };
  });
}

function shownFrom(file: string): string {
  return path.relative(ROOT, file).startsWith('..') ? file : path.relative(ROOT, file);
}

function appliedAs(file: string): string {
  return `${shownFrom(file)} applied; edit it and run: ./bellhop apply ${shownFrom(file)}`;
}

/** Where the files are that the file names which was applied last (cli/apply/default-file.ts): in a folder of their own, or beside it. */
async function folderOfApplied(home: string): Promise<string> {
  const [file = '', folder = ''] = (await readFile(path.join(home, 'applied-file'), 'utf8').catch(() => '')).split(
    '\n',
  );
  if (folder !== '') return folder;
  return file === '' ? ROOT : path.dirname(file);
}

/** Where the simulated outside world listens, as rules name it. */
const WORLD_ADDRESS = /127\.0\.0\.1\/32:\d+/g;

function textFor({ port }: World, source: string): string {
  return source.replaceAll(WORLD_ADDRESS, `127.0.0.1/32:${port}`);
}

async function writeCopy(home: string, text: string): Promise<string> {
  const copy = path.join(home, 'bellhop.yaml');
  await writeAtomically(copy, text, 0o644);
  return copy;
}

/** The demo's file, or a copy in the home when the outside world had to take another port than the file names. */
async function demoFileFor(world: World, home: string): Promise<string> {
  const file = path.join(ROOT, DEMO_FILE);
  if (world.port === PORTS.world.usual) return file;
  return writeCopy(home, textFor(world, await readFile(file, 'utf8')));
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
  filesFrom?: string,
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
    args: ['apply', file, ...(filesFrom === undefined ? [] : ['--files-from', filesFrom])],
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
