import type { Command } from 'commander';
import pc from 'picocolors';
import { effectiveText } from '../../access/effective-text.ts';
import { shadowsOf } from '../../access/shadows.ts';
import { listChannels } from '../../store/channels.ts';
import { currentPolicy } from '../../store/policy.ts';
import { findScope } from '../access/find-scope.ts';
import { heldIn, shownAccess } from '../access/held-in.ts';
import { askCeilings } from '../ask-proxy.ts';
import { openCliContext } from '../context.ts';

/** The policy keeps the text of the file, not its name: it may have been applied from anywhere. */
const WHICH_LINES = 'Lines are those of the file that was applied; ./bellhop export writes it.';

/** `bellhop effective`: prints what a scope may reach, and why. */
export function register(program: Command): void {
  program
    .command('effective')
    .description("what a channel's agent may reach, every rule with where it comes from")
    .argument('<scope>', "'#channel', a channel's id, organization, or a key such as person:T0123:U0123")
    .option('--json', 'print it as JSON')
    .action(async (text: string, options: { json?: boolean }) => {
      await using context = await openCliContext();
      const named = findScope(text, await listChannels(context.database));
      const held = await heldIn(context.database, named.scope);
      const access = shownAccess(await currentPolicy(context.database), named.scope, held);
      const ceilings = await askCeilings(context);
      const rules = access.rules.map((rule) => ({ ...rule, shadowedBy: shadowsOf(rule, access.rules) }));
      console.log(
        options.json
          ? JSON.stringify({ label: named.label, ...access, rules, ceilings }, null, 2)
          : `${effectiveText(named, access, pc, ceilings)}\n\n${pc.dim(WHICH_LINES)}`,
      );
    });
}
