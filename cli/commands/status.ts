import type { Command } from 'commander';
import { overview } from '../../store/overview.ts';
import { openCliContext } from '../context.ts';
import { statusText } from '../status-text.ts';

export function register(program: Command): void {
  program
    .command('status')
    .description('threads, runners, inbox and outbox; answers also while Temporal is away')
    .option('--json', 'print it as JSON')
    .action(async (options: { json?: boolean }) => {
      await using context = await openCliContext();
      const seen = await overview(context.database);
      console.log(options.json ? JSON.stringify(seen, null, 2) : statusText(seen, new Date()));
    });
}
