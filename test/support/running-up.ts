import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { SetupState } from '../../contracts/setup-state.ts';
import { bindingOf } from '../../credentials/binding.ts';
import { keyFileIn, readKeyFile } from '../../credentials/key-file.ts';
import { open } from '../../credentials/open.ts';
import { databaseUrlFor, readDatabaseUrls } from '../../setup/host/database-urls.ts';
import { sealedCredentials } from '../../store/credentials.ts';
import { openDatabase } from '../../store/database.ts';
import { currentPolicy } from '../../store/policy.ts';
import { CLI, type LaunchOptions, launchUp } from './launched-up.ts';
import { processesOf } from './processes-of.ts';
import { until } from './until.ts';

const run = promisify(execFile);

/** `bellhop up` as a person starts it, in a home of its own and on free ports, once everything is there. */
export interface RunningUp extends AsyncDisposable {
  /** The printed address of the page. */
  readonly url: string;
  /** From the start until it was printed. */
  readonly pageAfterMs: number;
  readonly home: string;
  readonly installation: string;
  state(): Promise<SetupState>;
  /** `bellhop` with these arguments, from a terminal of its own. */
  bellhop(...args: string[]): Promise<{ readonly code: number; readonly said: string }>;
  /** Writes in the Slack simulator as a person; `@bellhop` becomes a mention. */
  post(channel: string, text: string): Promise<void>;
  /** Everything the demo's parts tell each other in confidence. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The demo's credential, opened by the proxy's own key: nothing else tells it. */
  credential(): Promise<string>;
  /** Waits until this query, asked as the owner of the schema, has a row. */
  untilStored(query: string): Promise<void>;
  /** Edits the access file as the tour says and applies it from a terminal of its own. */
  openPaste(): Promise<void>;
  /** Ctrl-C; the exit code. */
  stop(): Promise<number | null>;
  /** `bellhop reset` of this home. */
  reset(): Promise<void>;
  /** Processes, containers and volumes of this home that are still there. */
  leftovers(): Promise<string[]>;
}

export async function startUp(options: LaunchOptions = {}): Promise<RunningUp> {
  const begun = performance.now();
  const up = await launchUp(options);
  const { home, environment } = up;
  const reset = async () => {
    await run(process.execPath, [CLI, 'reset', '--yes'], { env: up.environment });
  };
  const remove = async () => {
    await up.stop();
    await reset();
    await rm(up.home, { recursive: true, force: true });
  };
  // Nobody can take away an `up` that was never handed out.
  const url = await up.pageUrl().catch(async (error) => await remove().then(() => Promise.reject(error)));
  const pageAfterMs = performance.now() - begun;
  await up.ready().catch(async (error) => await remove().then(() => Promise.reject(error)));
  const state = async () => (await up.state()) ?? fail('setup.json is not there');
  const { installation } = await state();
  const urls = path.join(home, 'database.json');

  return {
    url,
    pageAfterMs,
    home,
    installation,
    state,
    bellhop: async (...args) =>
      await run(process.execPath, [CLI, ...args], { env: environment }).then(
        ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
        ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
          code,
          said: stdout + stderr,
        }),
      ),
    async post(channel, text) {
      const services = JSON.parse(await readFile(path.join(home, 'page.json'), 'utf8')) as Record<string, string>;
      const headers = { 'x-sim-token': services.SLACK_SIMULATOR_TOKEN ?? '', 'content-type': 'application/json' };
      const body = JSON.stringify({ as: 'ada', channel, text });
      const response = await fetch(`${services.SLACK_SIMULATOR_URL}/_sim/messages`, { method: 'POST', headers, body });
      if (!response.ok) fail(`the simulator answered ${response.status}: ${await response.text()}`);
    },
    secrets: JSON.parse(await readFile(path.join(home, 'secrets.json'), 'utf8')) as RunningUp['secrets'],
    async credential() {
      const database = openDatabase({ url: await databaseUrlFor(urls, 'proxy'), name: 'test' });
      try {
        const { connections } = await currentPolicy(database);
        const connection = connections.find(({ id }) => id === 'acme-readonly');
        if (!connection) throw new Error('the demo has no connection');
        const versions = new Map([[connection.id, connection.credentialVersion]]);
        const sealed = (await sealedCredentials(database, versions)).get(connection.id);
        const keys = await readKeyFile(keyFileIn(home));
        return await open(keys, bindingOf(connection), sealed ?? Buffer.alloc(0));
      } finally {
        await database.end();
      }
    },
    async untilStored(query) {
      const database = openDatabase({ url: (await readDatabaseUrls(urls))?.owner ?? '', name: 'test' });
      try {
        await until(async () => (await database.query(query)).rowCount !== 0, query);
      } finally {
        await database.end();
      }
    },
    async openPaste() {
      const file = path.join(home, 'bellhop.yaml');
      const text = await readFile(file, 'utf8');
      await writeFile(file, text.replace(/#(- \{ host: paste\.acme\.test)/, '$1'));
      await run(process.execPath, [CLI, 'apply', file], { env: environment });
    },
    stop: up.stop,
    reset,
    async leftovers() {
      const ours = ['--quiet', '--filter', `label=bellhop.installation=${installation}`];
      const found = await Promise.all([
        run('docker', ['ps', '--all', ...ours]),
        run('docker', ['volume', 'ls', ...ours]),
      ]);
      const processes = (await processesOf(home)).map(({ pid, command }) => `${pid} ${command}`);
      return [...processes, ...found.flatMap((each) => each.stdout.split('\n'))].filter(Boolean);
    },
    [Symbol.asyncDispose]: remove,
  };
}

function fail(message: string): never {
  throw new Error(message);
}
