import type { Command } from 'commander';

/** `bellhop up`: starts Bellhop here and runs until it is stopped. */
export function register(program: Command): void {
  program
    .command('up')
    .description('start everything this machine needs, print the page to open, and run until Ctrl-C')
    .action(async () => {
      const { runUp } = await import('../../workers/up/run-up.ts');
      await runUp(process.env, (line) => console.error(line));
    });
}
