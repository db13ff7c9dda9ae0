import type { Command } from 'commander';
import { CommanderError } from 'commander';
import pc from 'picocolors';

/**
 * Runs one command line and returns the exit code. An error is one line of words (and its fix, where there is one), never a
 * stack: `BELLHOP_DEBUG=1` adds it for whoever looks for a bug.
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

/** Subcommands copy this setting only if they are made after it, so it is set on each. */
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
