import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { PORTS } from '../../setup/host/port-wishes.ts';
import { APP } from '../../simulators/slack/world/workspace.ts';
import { removeContainersOf } from '../../test/support/installation/containers.ts';
import { plainEnvironment } from '../../test/support/plain-environment.ts';
import { processesOf } from '../../test/support/processes-of.ts';
import { startTestSlack, type TestSlack } from '../../test/support/slack-simulator.ts';
import { type BellhopUp, createBellhopUp, runBellhop } from './bellhop-up.ts';
import { type ModelProcess, startModelProcess } from './model-process.ts';
import { type Origin, startOrigin } from './origin.ts';
import { CHANNELS, TICK, TICK_PROMPT } from './sayings.ts';

/** Sandboxes rest soon, so that a run also strikes what rests, is paused, removed and brought back. */
const REST = { BELLHOP_PAUSE_AFTER_SECONDS: '3', BELLHOP_REMOVE_AFTER_SECONDS: '5' };
const STAFF = ['U0000000ADA', 'U00000GRACE', 'U00000LINUS', 'U0000EDSGER'];

/**
 * A Bellhop as an operator runs it, by `./bellhop up` on a home of its own. Slack and the origin are in this process, where no fault
 * reaches them: they are the witnesses. The model is a process of its own beside it.
 */
export interface Site extends AsyncDisposable {
  readonly home: string;
  readonly slack: TestSlack;
  readonly origin: Origin;
  readonly model: ModelProcess;
  readonly up: BellhopUp;
  /** The installation's id, by which the engine labels what is its own. */
  readonly installation: string;
  /** Folder of the sockets. */
  readonly runFolder: string;
  /** The command line, as an operator calls it. */
  bellhop(...args: string[]): Promise<void>;
}

export async function startSite(tell: (line: string) => void): Promise<Site> {
  await using started = new AsyncDisposableStack();
  const home = await mkdtemp(path.join(os.tmpdir(), 'bc-'));
  await chmod(home, 0o711);
  started.defer(() => rm(home, { recursive: true, force: true }));
  const credential = randomBytes(24).toString('hex');
  // Slack repeats what was not acknowledged once and at once, and no later: what a gap swallows has to be caught up with.
  const slack = started.use(await startTestSlack({ ackTimeoutMs: 3_000, retryDelaysMs: [0], fileProcessingMs: 300 }));
  addChannels(slack);
  const origin = started.use(await startOrigin(path.join(home, 'origin'), credential));
  const model = started.use(await startModelProcess());
  const operatorFile = path.join(home, 'operator.yaml');
  await writeFile(operatorFile, operatorText(origin));
  const ports = Object.fromEntries(Object.values(PORTS).map(({ variable }) => [variable, '0']));
  const environment = {
    ...plainEnvironment(),
    ...ports,
    ...REST,
    ...slack.environment,
    BELLHOP_HOME: home,
    ANTHROPIC_API_KEY: 'demo',
    ANTHROPIC_BASE_URL: model.url,
    BELLHOP_OPERATOR_FILE: operatorFile,
    BELLHOP_SANDBOX_MEMORY_MB: '256',
  };
  const up = createBellhopUp({ home, environment, tell });
  started.defer(async () => {
    await up.kill();
    for (const { pid } of await processesOf(home)) killed(pid);
  });
  await up.start();
  const { id, runFolder } = JSON.parse(await readFile(path.join(home, 'installation.json'), 'utf8')) as {
    id: string;
    runFolder: string;
  };
  started.defer(() => rm(runFolder, { recursive: true, force: true }));
  started.defer(() => removeContainersOf(id));
  const accessFile = path.join(home, 'access.yaml');
  await writeFile(accessFile, accessText(origin));
  await runBellhop({ ...environment, ACME_TOKEN: credential }, ['apply', accessFile]);
  const everything = started.move();
  return {
    home,
    slack,
    origin,
    model,
    up,
    installation: id,
    runFolder,
    bellhop: (...args) => runBellhop(environment, args),
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function addChannels({ simulator }: TestSlack): void {
  const general = simulator.world.channel('general');
  if (!general) throw new Error('the simulated workspace has no #general');
  for (const [number, name] of CHANNELS.entries()) {
    const id = `C0CHAOS${String(number).padStart(4, '0')}`;
    simulator.world.channels.set(id, { ...general, id, name, isGeneral: false, members: [...STAFF, APP.userId] });
  }
}

/** JSON is YAML. */
function operatorText({ port, authorityPath }: Origin): string {
  return JSON.stringify({
    hosts: { 'api.acme.test': `127.0.0.1:${port}` },
    ceilings: [{ range: '127.0.0.1/32', ports: [port] }],
    'ca-bundles': [authorityPath],
  });
}

function accessText({ port }: Origin): string {
  return JSON.stringify({
    organization: { bundles: ['acme'] },
    bundles: { acme: { connections: ['acme'] } },
    connections: {
      acme: {
        host: 'api.acme.test',
        methods: ['GET'],
        credential: { kind: 'bearer', fromEnv: 'ACME_TOKEN' },
        addresses: [`127.0.0.1/32:${port}`],
      },
    },
    schedules: {
      [TICK]: { channel: `#${CHANNELS[0]}`, cron: '* * * * *', timezone: 'Etc/UTC', prompt: TICK_PROMPT },
    },
  });
}
