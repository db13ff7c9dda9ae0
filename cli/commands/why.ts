import type { Command } from 'commander';
import { explain } from '../../access/decide.ts';
import { effectiveAccess } from '../../access/effective-access.ts';
import { refusedByGrants } from '../../access/forge/outlook.ts';
import { requestOfUrl } from '../../access/request-of-url.ts';
import { decideTunnel } from '../../access/tunnel.ts';
import { listChannels } from '../../store/channels.ts';
import { currentPolicy } from '../../store/policy.ts';
import { findScope } from '../access/find-scope.ts';
import { whyText } from '../access/why-text.ts';
import { openCliContext } from '../context.ts';

export function register(program: Command): void {
  program
    .command('why')
    .description('how the proxy would decide on a request, and by which rule; nothing is sent')
    .argument('<scope>', "'#channel', a channel's id, or organization")
    .argument('<method>', 'GET, POST, …')
    .argument('<url>', 'such as https://api.acme.test/v1/signups')
    .option('--json', 'print the decision as JSON')
    .action(async (text: string, method: string, url: string, options: { json?: boolean }) => {
      const request = requestOfUrl(method, url);
      await using context = await openCliContext();
      const named = findScope(text, await listChannels(context.database));
      const access = effectiveAccess(await currentPolicy(context.database), named.scope);
      const decision = explain(request, access);
      const refused = refusedByGrants(request, decision, access);
      const tunnel = request.scheme === 'https' && decideTunnel(request.host, request.port, access) !== null;
      console.log(
        options.json
          ? JSON.stringify(
              {
                scope: named.scope,
                policyVersion: access.policyVersion,
                request,
                tunnel,
                decision,
                refusedByGrants: refused,
              },
              null,
              2,
            )
          : whyText(named, request, decision, { tunnel, refused }),
      );
    });
}
