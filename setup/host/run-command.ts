import { spawn } from 'node:child_process';
import { SetupError, type SetupErrorCode } from '../errors.ts';

export interface CommandOptions {
  readonly timeoutMs?: number;
  readonly cwd?: string;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly env?: NodeJS.ProcessEnv;
  /** Ends the command, with everything it has started, when somebody asks to stop. */
  readonly signal?: AbortSignal | undefined;
}

/** From SIGTERM to SIGKILL. */
const STOP_MS = 3_000;

/**
 * Runs a command to its end and returns its output.
 *
 * @throws with its last words, when it fails, is missing, takes too long or is stopped
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { timeoutMs = 60_000, signal, ...rest } = options;
  signal?.throwIfAborted();
  // In a group of its own: what apt-get or pip has started is ended with it, and a Ctrl-C on the terminal is ours to pass on.
  const child = spawn(command, args, { ...rest, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [collect(child.stdout), collect(child.stderr)] as const;
  let stopped = '';
  const stop = (why: string) => {
    stopped ||= why;
    killGroup(child.pid, 'SIGTERM');
    setTimeout(() => killGroup(child.pid, 'SIGKILL'), STOP_MS).unref();
  };
  const timer = setTimeout(() => stop(`did not end within ${timeoutMs / 1000} s`), timeoutMs);
  const onAbort = () => stop('was stopped');
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    child.once('error', reject).once('close', resolve);
    const code = await promise;
    const [stdout, stderr] = output.map((chunks) => Buffer.concat(chunks).toString('utf8'));
    if (stopped) throw new Error(`${command} ${stopped}`);
    if (code === 0) return stdout ?? '';
    const last = (stderr ?? '').trim().split('\n').slice(-3).join(' ').slice(-500);
    throw new Error(`${command} failed: ${last || `exit code ${String(code)}`}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error(`${command} is not installed`);
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** The same. Its failure is a SetupError with this code and this fix. */
export async function requireCommand(
  code: SetupErrorCode,
  fix: string,
  ...[command, args, options]: Parameters<typeof runCommand>
): Promise<string> {
  try {
    return await runCommand(command, args, options);
  } catch (error) {
    throw new SetupError(code, error instanceof Error ? error.message : String(error), fix);
  }
}

function collect(stream: NodeJS.ReadableStream): Buffer[] {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return chunks;
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
