import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import path from 'node:path';
import readline from 'node:readline';
import type { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { type ChildSpec, type ReadyLine, readyLine } from './child-spec.ts';

const PRELOADED = (name: string) => ['--import', pathToFileURL(path.join(import.meta.dirname, name)).href];

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  /** The line it prints when it can be used. Never settles for one that prints none. */
  readonly line: Promise<ReadyLine>;
  readonly exited: Promise<ChildExit>;
  /** Resolves when the child's event loop has answered. Rejects when the channel to it is closed. */
  answers(signal: AbortSignal): Promise<void>;
  /** Sends a signal to the process itself, and not to what it started. */
  signal(signal: NodeJS.Signals): void;
  /** Sends SIGKILL to whatever is left of it and of what it started. */
  killGroup(): void;
}

/**
 * Starts a child.
 *
 * - It leads a process group of its own. So a Ctrl-C reaches `up` alone, which stops things in order.
 * - Its stderr is appended to `logFile` by the kernel, so no line is lost when `up` dies.
 * - `onLine` gets each line that it prints to stdout.
 */
export async function spawnChild(
  spec: Pick<ChildSpec, 'name' | 'script' | 'args' | 'env' | 'secrets'>,
  logFile: string,
  onLine: (text: string) => void = () => {},
): Promise<Child> {
  const log = await open(logFile, 'a', 0o600);
  try {
    const preloaded = [...PRELOADED('leash.ts'), ...(spec.secrets ? PRELOADED('given-secrets.ts') : [])];
    const child = spawn(process.execPath, [...preloaded, spec.script, ...(spec.args ?? [])], {
      detached: true,
      env: spec.env,
      stdio: ['pipe', 'pipe', log.fd, spec.secrets ? 'pipe' : 'ignore', 'ipc'],
    });
    if (spec.secrets) giveSecrets(child, spec.secrets);
    const { pid } = child;
    const exited = new Promise<ChildExit>((resolve) => {
      // It could not be started, or the channel to it is closed.
      child.on('error', () => {
        if (child.pid === undefined) resolve({ code: 127, signal: null });
      });
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    child.stdin?.on('error', () => {});
    const line = new Promise<ReadyLine>((resolve) => {
      if (!child.stdout) return;
      readline.createInterface({ input: child.stdout }).on('line', (text) => {
        onLine(text);
        const found = parseReadyLine(text);
        if (found) resolve(found);
      });
    });
    if (pid === undefined) throw new Error(`${spec.name} could not be started`);
    return {
      pid,
      line,
      exited,
      answers: async (signal) => await answer(child, signal),
      signal: (signal) => child.kill(signal),
      killGroup: () => killGroup(pid),
    };
  } finally {
    await log.close();
  }
}

/** Any message counts: also the late answer to an earlier question says that the event loop turns. */
async function answer(child: ChildProcess, signal: AbortSignal): Promise<void> {
  const answered = once(child, 'message', { signal });
  const failed = new Promise<never>((_, reject) => {
    child.send('alive?', (error) => error && reject(error));
  });
  await Promise.race([answered, failed]);
}

function giveSecrets(child: ChildProcess, secrets: Readonly<Record<string, string>>): void {
  const pipe = child.stdio[3] as Writable;
  // A child that has ended has no use for them.
  pipe.on('error', () => {});
  pipe.end(JSON.stringify(secrets));
}

/** SIGKILL to a process group; nothing when it is gone. */
export function killGroup(pid: number): void {
  signalGroup(pid, 'SIGKILL');
}

/** A signal to every process of a group; nothing when it is gone. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // macOS says EPERM of a group in which only unreaped processes are left.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

function parseReadyLine(text: string): ReadyLine | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return readyLine.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
