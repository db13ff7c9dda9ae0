import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { SandboxMistakeCode, SandboxPort, StepOutcome } from '../../../../agent/tools/sandbox-port.ts';

export interface FakeSandbox extends SandboxPort, AsyncDisposable {
  /** Step ids in the order in which their commands were started. */
  readonly started: string[];
}

/** A folder in place of a container: enough to see what tools ask of a sandbox. The real one has tests of its own. */
export async function createFakeSandbox(): Promise<FakeSandbox> {
  const folder = await mkdtemp(join(tmpdir(), 'bellhop-fake-sandbox-'));
  const running = new Map<string, Promise<StepOutcome>>();
  const started: string[] = [];
  return {
    started,
    runStep({ step, command, signal }) {
      const known = running.get(step) ?? start(folder, command);
      if (!running.has(step)) started.push(step);
      running.set(step, known);
      return Promise.race([known, aborted(signal)]);
    },
    async readFile(path, { maxBytes }) {
      const bytes = await readFile(join(folder, path)).catch(() => {
        throw mistake('FileMissing', path);
      });
      if (bytes.length > maxBytes) throw mistake('FileTooLarge', path);
      return bytes;
    },
    async writeFile(path, bytes) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    },
    async openPiped([program = '', ...args]) {
      const child = spawn(program, args, { cwd: folder });
      let words = '';
      child.stderr.on('data', (bytes: Buffer) => {
        words = `${words}${bytes}`.slice(-500);
      });
      child.stdin.on('error', () => undefined);
      child.on('error', (error) => child.stdout.destroy(error));
      return {
        output: child.stdout,
        words: () => words.trim(),
        write: async (bytes) => void child.stdin.write(bytes),
        close() {
          child.stdin.end();
          child.kill();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(running.values());
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function start(folder: string, command: string): Promise<StepOutcome> {
  const begun = Date.now();
  return new Promise((resolve) => {
    execFile('bash', ['-c', command], { cwd: folder, encoding: 'buffer', maxBuffer: 1e8 }, (error, stdout, stderr) => {
      const output = Buffer.concat([stdout, stderr]);
      const exitCode = error ? Number(error.code ?? 1) : 0;
      resolve({ exitCode, output, outputBytes: output.length, timedOut: false, durationMs: Date.now() - begun });
    });
  });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function mistake(code: SandboxMistakeCode, path: string): Error {
  return Object.assign(new Error(path), { code });
}
