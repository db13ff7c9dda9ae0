import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { SetupState } from '../../contracts/setup-state.ts';
import { bindingOf } from '../../credentials/binding.ts';
import { keyFileIn, readKeyFile } from '../../credentials/key-file.ts';
import { open } from '../../credentials/open.ts';
import { databaseUrlFor } from '../../setup/host/database-urls.ts';
import { PORTS } from '../../setup/host/port-wishes.ts';
import { findCredential } from '../../store/credentials.ts';
import { openDatabase } from '../../store/database.ts';
import { currentPolicy } from '../../store/policy.ts';
import { until } from './until.ts';

const CLI = path.join(import.meta.dirname, '../../cli/main.ts');
const run = promisify(execFile);

/** `bellhop up` as a person starts it, in a home of its own and on free ports. */
export interface RunningUp extends AsyncDisposable {
  /** The printed address of the page. */
  readonly url: string;
  readonly home: string;
  /** Everything the demo's parts tell each other in confidence. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The demo's credential, opened by the proxy's own key: nothing else tells it. */
  credential(): Promise<string>;
  /** Edits the access file as the tour says and applies it from a terminal of its own. */
  openPaste(): Promise<void>;
  /** Ctrl-C; the exit code. */
  stop(): Promise<number | null>;
  /** `bellhop reset` of this home. */
  reset(): Promise<void>;
  /** Processes, containers and volumes of this home that are still there. */
  leftovers(): Promise<string[]>;
}

export async function startUp(): Promise<RunningUp> {
  const home = await mkdtemp('/tmp/bh-up-');
  await chmod(home, 0o711);
  const { PATH = '', HOME = '' } = process.env;
  const ports = Object.fromEntries(Object.values(PORTS).map(({ variable }) => [variable, '0']));
  const environment = { PATH, HOME, BELLHOP_HOME: home, ...ports };
  const up = spawn(process.execPath, [CLI, 'up'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = collect(up);
  const ready = () => said().match(/Open +(\S+)/)?.[1];
  await until(() => {
    if (up.exitCode !== null) throw new Error(`bellhop up ended with ${up.exitCode}:\n${said()}`);
    return Promise.resolve(ready() !== undefined);
  }, 'the address of the page');
  await until(() => isReady(home), 'the end of the set-up', 150_000).catch(async (error: Error) => {
    await stop();
    throw new Error(`${error.message}\n${said()}`);
  });

  async function stop(): Promise<number | null> {
    if (up.exitCode === null && up.signalCode === null) {
      const ended = new Promise((resolve) => up.once('exit', resolve));
      up.kill('SIGINT');
      await ended;
    }
    return up.exitCode;
  }

  const { installation } = await readState(home);
  async function reset(): Promise<void> {
    await run(process.execPath, [CLI, 'reset', '--yes'], { env: environment });
  }

  return {
    url: ready() ?? '',
    home,
    secrets: JSON.parse(await readFile(path.join(home, 'secrets.json'), 'utf8')) as RunningUp['secrets'],
    async credential() {
      const database = openDatabase({
        url: await databaseUrlFor(path.join(home, 'database.json'), 'proxy'),
        name: 'test',
      });
      try {
        const { connections } = await currentPolicy(database);
        const connection = connections.find(({ id }) => id === 'acme-readonly');
        if (!connection) throw new Error('the demo has no connection');
        const stored = await findCredential(database, connection.id, connection.credentialVersion);
        const keys = await readKeyFile(keyFileIn(home));
        return await open(keys, bindingOf(connection), stored?.sealed ?? Buffer.alloc(0));
      } finally {
        await database.end();
      }
    },
    async openPaste() {
      const file = path.join(home, 'bellhop.yaml');
      const text = await readFile(file, 'utf8');
      await writeFile(file, text.replace(/# (- \{ host: paste\.acme\.test)/, '$1'));
      await run(process.execPath, [CLI, 'apply', file], { env: environment });
    },
    stop,
    reset,
    async leftovers() {
      const ours = ['--quiet', '--filter', `label=bellhop.installation=${installation}`];
      const found = await Promise.all([
        run('docker', ['ps', '--all', ...ours]),
        run('docker', ['volume', 'ls', ...ours]),
      ]);
      const { stdout } = await run('ps', ['-eo', 'pid,args']);
      const processes = stdout.split('\n').filter((line) => line.includes(home));
      return [...processes, ...found.flatMap((each) => each.stdout.split('\n'))].filter(Boolean);
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await reset();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function isReady(home: string): Promise<boolean> {
  const state = await readState(home).catch(() => null);
  return state?.steps.every((step) => step.state === 'done') ?? false;
}

async function readState(home: string): Promise<SetupState> {
  return JSON.parse(await readFile(path.join(home, 'setup.json'), 'utf8')) as SetupState;
}

function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  return () => text;
}
