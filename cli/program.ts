import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';

const COMMANDS = path.join(import.meta.dirname, 'commands');
const MANIFEST = path.join(import.meta.dirname, '..', 'package.json');

/** The exports of each file in `commands/`. */
interface CommandModule {
  register(program: Command): void;
}

/**
 * The `bellhop` command. `commands/<name>.ts` implements the command of that name. Only the requested command is
 * loaded; help loads all of them.
 */
export async function createProgram(argv: readonly string[]): Promise<Command> {
  const { version } = JSON.parse(await readFile(MANIFEST, 'utf8')) as { version: string };
  const program = new Command('bellhop')
    .description('The self-hosted team agent for Slack: durable, sandboxed, with every outbound request judged.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError('(--help lists what is possible)')
    .configureHelp({ sortSubcommands: true, showGlobalOptions: false })
    .addHelpText('after', HELP);
  const files = (await readdir(COMMANDS)).filter((name) => name.endsWith('.ts')).sort();
  const named = files.filter((file) => file === `${argv[2]}.ts`);
  for (const file of named.length > 0 ? named : files) {
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
