import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { DockerError } from './errors.ts';

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string) => void;
}

/** Lines kept to say why a command failed. */
const KEPT_LINES = 15;

/** Runs a program of this machine to its end and returns its stdout. When it fails, the error has its last lines. */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { env, cwd, signal } = options;
  const child = spawn(program, args, { env: env as NodeJS.ProcessEnv, cwd, signal, stdio: ['ignore', 'pipe', 'pipe'] });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const last: string[] = [];
  const stdout: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      last.push(line);
      if (last.length > KEPT_LINES) last.shift();
      options.onLine?.(line);
    });
  }
  child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes));
  child.on('error', reject);
  child.on('close', (code) => {
    if (code === 0) resolve(Buffer.concat(stdout).toString());
    else reject(new DockerError('ImageBuildFailed', `${program} ended with ${code}:\n${last.join('\n')}`));
  });
  return await promise;
}
