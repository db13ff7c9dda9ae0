import type { Command } from 'commander';
import { openCliContext } from '../context.ts';
import { findMessage } from '../find/find-message.ts';
import { foundText } from '../find/found-text.ts';
import { workflowLinks } from '../temporal.ts';

/** `bellhop find`: names the session and the workflow of a message. It reads only PostgreSQL. */
export function register(program: Command): void {
  program
    .command('find')
    .description('the session, workflow and turns of a message in Slack; answers also while Temporal is away')
    .argument('<message>', "its link, a session's id, or its channel; or owner/name#12, or a repository")
    .argument('[ts]', 'behind a channel, such as 1712345678.000100; behind a repository a branch')
    .option('--json', 'print it as JSON')
    .action(async (where: string, ts: string | undefined, options: { json?: boolean }) => {
      await using context = await openCliContext();
      const found = await findMessage(context, where, ts);
      const link = (await workflowLinks(context.home))(found.session);
      console.log(options.json ? JSON.stringify({ ...found, workflow: link }, null, 2) : foundText(found, link));
    });
}
