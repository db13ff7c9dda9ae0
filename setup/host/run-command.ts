import { execFile } from 'node:child_process';
import { SetupError, type SetupErrorCode } from '../errors.ts';

export interface CommandOptions {
  readonly timeoutMs?: number;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a command to its end and returns its output; throws its last words when it fails, is missing or takes too long. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { timeoutMs = 60_000, ...rest } = options;
  return await new Promise((resolve, reject) => {
    execFile(command, [...args], { ...rest, timeout: timeoutMs, maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else reject(new Error(reasonOfFailure(command, error, stderr, timeoutMs)));
    });
  });
}

/** The same, with a code and a fix for whoever reads the failure. */
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

function reasonOfFailure(
  command: string,
  error: Error & { code?: unknown; killed?: boolean },
  stderr: string,
  timeoutMs: number,
): string {
  if (error.code === 'ENOENT') return `${command} is not installed`;
  if (error.killed) return `${command} did not end within ${timeoutMs / 1000} s`;
  const last = stderr.trim().split('\n').slice(-3).join(' ').slice(-500);
  return `${command} failed: ${last || `exit code ${String(error.code)}`}`;
}
