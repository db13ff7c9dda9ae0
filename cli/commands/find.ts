import type { Command } from 'commander';
import { listChannels } from '../../store/channels.ts';
import { findThread } from '../../store/find-thread.ts';
import { openCliContext } from '../context.ts';
import { foundText } from '../find/found-text.ts';
import { messageRef } from '../find/message-ref.ts';
import { workflowLinks } from '../temporal.ts';

export function register(program: Command): void {
  program
    .command('find')
    .description('the session, workflow and turns of a message in Slack; answers also while Temporal is away')
    .argument('<message>', "its link, a session's id, or its channel with the ts behind it")
    .argument('[ts]', 'such as 1712345678.000100')
    .option('--json', 'print it as JSON')
    .action(async (where: string, ts: string | undefined, options: { json?: boolean }) => {
      await using context = await openCliContext();
      const message = messageRef(where, ts, await listChannels(context.database));
      const found = await findThread(context.database, message);
      if (!found) throw new Error(`nothing is known of a message ${message.ts} in ${message.channel}`);
      const link = (await workflowLinks(context.home))(found.session);
      console.log(options.json ? JSON.stringify({ ...found, workflow: link }, null, 2) : foundText(found, link));
    });
}
