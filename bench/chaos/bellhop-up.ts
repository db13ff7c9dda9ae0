import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { SetupState } from '../../contracts/setup-state.ts';
import { ROOT } from '../../setup/host/home.ts';

const COMMAND = path.join(ROOT, 'bellhop');
/** The first start in a home makes a database; a start after a power cut replays its log. */
const READY_MS = 180_000;
const POLL_MS = 100;
/** As a service manager would wait before it starts `up` again. */
const AGAIN_MS = 1_000;

/** `./bellhop up`, kept running as a service manager would: one that ends without being asked is started again. */
export interface BellhopUp {
  readonly pid: number;
  /** Ends of `up` that nobody asked for, in words. */
  readonly unasked: readonly string[];
  /** What it last wrote of itself in its home; null while there is nothing of this run. */
  state(): Promise<SetupState | null>;
  /** Starts it and resolves when every step is done. */
  start(): Promise<void>;
  /** Signals it and resolves when it has ended; it stays down until `start`. */
  end(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT'): Promise<number | null>;
  /** From now on its end is no surprise. */
  expectEnd(): void;
  /** The end of everything, without words. */
  kill(): Promise<void>;
}

export interface BellhopUpOptions {
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly tell: (line: string) => void;
}

export function createBellhopUp({ home, environment, tell }: BellhopUpOptions): BellhopUp {
  let child: ChildProcess | undefined;
  let expected = false;
  let said = '';
  const unasked: string[] = [];

  const state = async (): Promise<SetupState | null> => {
    const text = await readFile(path.join(home, 'setup.json'), 'utf8').catch(() => null);
    const read = text === null ? null : (JSON.parse(text) as SetupState);
    return read?.pid === child?.pid ? read : null;
  };
  const hasEnded = () => !child || child.exitCode !== null || child.signalCode !== null;

  function launch(): void {
    expected = false;
    said = '';
    const launched = spawn(COMMAND, ['up'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    child = launched;
    for (const stream of [launched.stdout, launched.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-4_000);
      });
    }
    launched.once('exit', (code, signal) => {
      if (expected || child !== launched) return;
      unasked.push(`up ended by itself with ${signal ?? code}: ${said.trim().split('\n').slice(-2).join(' ')}`);
      tell(unasked.at(-1) ?? '');
      setTimeout(() => {
        if (!expected && child === launched) launch();
      }, AGAIN_MS);
    });
  }

  return {
    get pid() {
      return child?.pid ?? 0;
    },
    unasked,
    state,
    async start() {
      launch();
      const end = Date.now() + READY_MS;
      for (;;) {
        const steps = (await state())?.steps;
        if (steps?.every((step) => step.state === 'done')) return;
        if (Date.now() > end) throw new Error(`up was not ready within ${READY_MS / 1_000} s:\n${said}`);
        await sleep(POLL_MS);
      }
    },
    async end(signal) {
      expected = true;
      if (child && !hasEnded()) {
        const gone = once(child, 'exit');
        child.kill(signal);
        await gone;
      }
      return child?.exitCode ?? null;
    },
    expectEnd() {
      expected = true;
    },
    async kill() {
      expected = true;
      if (child && !hasEnded()) {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
    },
  };
}

/** Runs the command line to its end. Throws what it said when it failed. */
export async function runBellhop(
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<void> {
  await promisify(execFile)(COMMAND, [...args], { env: environment, maxBuffer: 16 * 1024 * 1024 });
}
