import type { Command } from 'commander';
import { CommanderError } from 'commander';
import pc from 'picocolors';

/**
 * Runs one command line and returns the exit code. An error is printed as one line, with its fix if it has one, and
 * without a stack trace. `BELLHOP_DEBUG=1` adds the stack trace.
 */
export async function runProgram(program: Command, argv: readonly string[]): Promise<number> {
  exitByThrowing(program);
  try {
    await program.parseAsync([...argv]);
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    printError(error);
    return 1;
  }
}

/** A subcommand copies this setting only when it is made, so the setting is applied to each one here. */
function exitByThrowing(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) exitByThrowing(child);
}

function printError(error: unknown): void {
  const message = error instanceof Error ? error.message || error.name : String(error);
  console.error(`${pc.red('bellhop:')} ${message}`);
  const fix = error instanceof Error && 'fix' in error ? error.fix : undefined;
  if (typeof fix === 'string') console.error(`  ${pc.dim('fix:')} ${fix}`);
  if (process.env.BELLHOP_DEBUG && error instanceof Error) console.error(error.stack);
}
