import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { SetupState } from '../../contracts/setup-state.ts';
import { PORTS } from '../../setup/host/port-wishes.ts';
import { plainEnvironment } from './plain-environment.ts';
import { until } from './until.ts';

export const CLI = path.join(import.meta.dirname, '../../cli/main.ts');

/** The process of `bellhop up`, from the moment it is started. */
export interface LaunchedUp {
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly pid: number;
  /** Everything it has printed so far. */
  said(): string;
  /** What it has written of itself in its home; null as long as there is nothing. */
  state(): Promise<SetupState | null>;
  /** The printed address of the page. */
  pageUrl(): Promise<string>;
  /** Waits until every step of the set-up is done. */
  ready(): Promise<void>;
  /** Ctrl-C; the exit code. */
  stop(): Promise<number | null>;
}

export interface LaunchOptions {
  /** That of an earlier start. @default a new one */
  readonly home?: string;
  /** Over free ports and nothing else. */
  readonly environment?: Readonly<Record<string, string>>;
}

export async function launchUp(options: LaunchOptions = {}): Promise<LaunchedUp> {
  const home = options.home ?? (await newHome());
  const ports = Object.fromEntries(Object.values(PORTS).map(({ variable }) => [variable, '0']));
  const environment = { ...plainEnvironment(), BELLHOP_HOME: home, ...ports, ...options.environment };
  const child = spawn(process.execPath, [CLI, 'up'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = collect(child);
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const state = async () => await readState(home, child.pid);
  const untilIts = async (look: () => boolean | Promise<boolean>, what: string, withinMs?: number) => {
    await until(
      async () => {
        if (ended()) throw new Error(`bellhop up ended with ${child.exitCode}:\n${said()}`);
        return await look();
      },
      what,
      withinMs,
    );
  };
  const printed = () => said().match(/Open +(\S+)/)?.[1];

  async function stop(): Promise<number | null> {
    if (!ended()) {
      const exit = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await exit;
    }
    return child.exitCode;
  }

  return {
    home,
    environment,
    pid: child.pid ?? 0,
    said,
    state,
    async pageUrl() {
      await untilIts(() => printed() !== undefined, 'the address of the page');
      return printed() ?? '';
    },
    async ready() {
      const isReady = async () => (await state())?.steps.every((step) => step.state === 'done') ?? false;
      await untilIts(isReady, 'the end of the set-up', 150_000).catch(async (error: Error) => {
        await stop();
        throw new Error(`${error.message}\n${said()}`);
      });
    },
    stop,
  };
}

async function newHome(): Promise<string> {
  const home = await mkdtemp(path.join(os.tmpdir(), 'bh-up-'));
  await chmod(home, 0o711);
  return home;
}

/** An earlier start's state is not this one's. */
async function readState(home: string, pid: number | undefined): Promise<SetupState | null> {
  const text = await readFile(path.join(home, 'setup.json'), 'utf8').catch(() => null);
  const state = text === null ? null : (JSON.parse(text) as SetupState);
  return state?.pid === pid ? state : null;
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
