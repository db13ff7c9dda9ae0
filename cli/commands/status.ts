import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { describeModels } from '../../access/models/describe-models.ts';
import type { SetupState, ToolsState } from '../../contracts/setup-state.ts';
import { overview } from '../../store/overview.ts';
import { currentPolicy } from '../../store/policy.ts';
import { matchingChannels } from '../channels/judge-channel.ts';
import { openCliContext } from '../context.ts';
import { statusText } from '../status-text.ts';

/** `bellhop status`: prints the state of the installation. It reads only PostgreSQL, so it works while Temporal is away. */
export function register(program: Command): void {
  program
    .command('status')
    .description('threads, runners, inbox and outbox; answers also while Temporal is away')
    .option('--json', 'print it as JSON')
    .action(async (options: { json?: boolean }) => {
      await using context = await openCliContext();
      const seen = await overview(context.database);
      const tools = await readTools(context.home.setupState);
      const models = describeModels(await currentPolicy(context.database));
      const channels = await matchingChannels(context.database);
      const waiting = channels.filter(({ state }) => state === 'waiting').length;
      console.log(
        options.json
          ? JSON.stringify({ ...seen, tools, models, waitingChannels: waiting }, null, 2)
          : statusText({ ...seen, tools, models, waiting }, new Date()),
      );
    });
}

/** What `bellhop up` of this machine says of the larger sandbox image; null where none has run. */
async function readTools(file: string): Promise<ToolsState | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  return text === null ? null : ((JSON.parse(text) as Partial<SetupState>).tools ?? null);
}
