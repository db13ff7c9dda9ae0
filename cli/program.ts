import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';

const COMMANDS = path.join(import.meta.dirname, 'commands');

/** What each file in `commands/` exports. */
interface CommandModule {
  register(program: Command): void;
}

/** The `bellhop` command with everything in `commands/`. */
export async function createProgram(): Promise<Command> {
  const program = new Command('bellhop')
    .description('The self-hosted team agent for Slack: durable, sandboxed, with every outbound request judged.')
    .version('0.1.0', '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError('(--help lists what is possible)')
    .configureHelp({ sortSubcommands: true, showGlobalOptions: false })
    .addHelpText('after', HELP);
  for (const file of (await readdir(COMMANDS)).filter((name) => name.endsWith('.ts')).sort()) {
    const command = (await import(path.join(COMMANDS, file))) as CommandModule;
    command.register(program);
  }
  return program;
}

const HELP = `
Start here:
  bellhop up                  start everything and print the page's address
  bellhop doctor              what this machine has and lacks, with the fix
  bellhop status              threads, runners, inbox and outbox

State lies in .bellhop/ of the checkout, or where BELLHOP_HOME says.`;
