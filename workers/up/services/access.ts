import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf, SetupError } from '../../../setup/errors.ts';
import type { GeneratedSecrets } from '../../../setup/host/generated-secrets.ts';
import { ROOT } from '../../../setup/host/home.ts';
import { openDatabase } from '../../../store/database.ts';
import { currentPolicy } from '../../../store/policy.ts';
import { inheritedBy } from '../environments.ts';
import { definedOf, exists } from '../own-process.ts';
import type { UpContext } from '../up-context.ts';

const DEMO_FILE = 'demo/bellhop.yaml';
/** The file names channels, and the gateway asks Slack for them when it comes up. */
const CHANNELS_MS = 30_000;
const RETRY_MS = 500;

export interface AccessOptions {
  /** As the role `admin`. */
  readonly databaseUrl: string;
  readonly secrets: GeneratedSecrets;
}

/** Applies the demo's access file at the first start, by `./bellhop apply` itself. A file in force is left alone. */
export async function provideAccess(context: UpContext, options: AccessOptions): Promise<void> {
  await context.journal.step('access', async (say) => {
    const version = await versionInForce(options.databaseUrl);
    if (version > 0) return { detail: `version ${version} of the access file is in force`, value: undefined };
    if (context.settings.slack || !exists(DEMO_FILE)) {
      return { detail: 'nothing is allowed yet: ./bellhop apply bellhop.yaml', value: undefined };
    }
    say(`applying ${DEMO_FILE}`);
    await applyDemo(context, options);
    return { detail: `${DEMO_FILE} applied; edit it and run: ./bellhop apply ${DEMO_FILE}`, value: undefined };
  });
}

async function versionInForce(databaseUrl: string): Promise<number> {
  const database = openDatabase({ url: databaseUrl, name: 'up', connections: 1 });
  try {
    return (await currentPolicy(database)).version;
  } finally {
    await database.end();
  }
}

async function applyDemo(context: UpContext, { databaseUrl, secrets }: AccessOptions): Promise<void> {
  const env = definedOf({
    ...inheritedBy('apply', context.environment),
    BELLHOP_HOME: context.home.folder,
    BELLHOP_DATABASE_URL: databaseUrl,
    ACME_TOKEN: secrets.acmeToken,
  });
  const script = path.join(ROOT, 'cli', 'main.ts');
  const task = { name: 'apply', script, args: ['apply', path.join(ROOT, DEMO_FILE)], env };
  const end = Date.now() + CHANNELS_MS;
  for (;;) {
    try {
      await context.supervisor.run(task, () => {});
      return;
    } catch (error) {
      if (error instanceof SetupError && error.code === 'stopping') throw error;
      if (Date.now() > end) throw new SetupError('child-failed', `${DEMO_FILE}: ${reasonOf(error)}`);
      await sleep(RETRY_MS);
    }
  }
}
