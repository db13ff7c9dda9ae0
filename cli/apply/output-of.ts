import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly environment: NodeJS.ProcessEnv;
  /** Where the program runs. */
  readonly folder: string;
  /** @default one minute: a password manager may ask for a password or a finger */
  readonly timeoutMs?: number;
}

const MINUTE = 60_000;
const MAX_OUTPUT = 1024 * 1024;

/**
 * Runs a program without a shell and returns what it prints. It shares the terminal, so that it can ask for a password.
 * A failure names the program and its exit code, and nothing that it printed, because that may hold the secret.
 */
export function outputOf(
  [program = '', ...args]: readonly string[],
  { environment, folder, timeoutMs = MINUTE }: RunOptions,
): Promise<{ readonly output: string } | { readonly failure: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: folder, env: environment, stdio: ['inherit', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    let size = 0;
    let stopped: string | null = null;
    const stop = (why: string) => {
      stopped ??= why;
      child.kill('SIGKILL');
      // What the program has started may hold its output open for ever.
      child.stdout.destroy();
    };
    const timer = setTimeout(() => stop(`did not end within ${timeoutMs / 1000} s`), timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_OUTPUT) stop('printed more than a secret can hold');
      else chunks.push(chunk);
    });
    const end = (failure: string | null) => {
      clearTimeout(timer);
      if (failure === null) resolve({ output: Buffer.concat(chunks).toString('utf8') });
      else resolve({ failure: `the command ${program} ${failure}` });
    };
    child.on('error', (error: NodeJS.ErrnoException) => end(`cannot be run (${error.code})`));
    child.on('close', (code, signal) =>
      end(stopped ?? (code === 0 ? null : `ended with ${signal ?? `exit code ${code}`}`)),
    );
  });
}
