import os from 'node:os';
import type { Command } from 'commander';
import { channelsText } from '../channels/channels-text.ts';
import { judgeChannel, matchingChannels } from '../channels/judge-channel.ts';
import { openCliContext } from '../context.ts';

interface ListOptions {
  readonly waiting?: boolean;
  readonly json?: boolean;
}

/** `bellhop channels`: lists, confirms and rejects the channels that match a pattern of the access file. */
export function register(program: Command): void {
  const channels = program
    .command('channels')
    .description('channels whose names match a pattern of the access file, such as "#incident-*"');
  channels
    .command('list')
    .description('which of them wait, are confirmed or rejected')
    .option('--waiting', 'only those that wait')
    .option('--json', 'print it as JSON')
    .action(async ({ waiting, json }: ListOptions) => {
      await using context = await openCliContext();
      const all = await matchingChannels(context.database);
      const shown = waiting ? all.filter(({ state }) => state === 'waiting') : all;
      console.log(json ? JSON.stringify(shown, null, 2) : channelsText(shown));
    });
  for (const [name, confirmed, description] of [
    ['confirm', true, 'give a channel what its pattern attaches, for as long as it keeps its name'],
    ['reject', false, 'leave a channel without it, and off the list of those that wait'],
  ] as const) {
    channels
      .command(name)
      .description(description)
      .argument('<channel>', "'#incident-7', or its id")
      .option('--json', 'print the result as JSON')
      .action(async (text: string, { json }: { json?: boolean }) => {
        await using context = await openCliContext();
        const decidedBy = `${os.userInfo().username}@${os.hostname()}`;
        const judged = await judgeChannel(context.database, { text, confirmed, decidedBy });
        console.log(
          json
            ? JSON.stringify(judged, null, 2)
            : `#${judged.name} (${judged.channel}) is ${judged.state} for ${judged.pattern}.`,
        );
      });
  }
}
