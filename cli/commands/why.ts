import type { Command } from 'commander';
import { explain } from '../../access/decide.ts';
import { refusedByGrants } from '../../access/forge/outlook.ts';
import { judgeToolCall } from '../../access/mcp/judge-tool.ts';
import { requestOfUrl } from '../../access/request-of-url.ts';
import { decideTunnel } from '../../access/tunnel.ts';
import { ownerOf } from '../../contracts/scope.ts';
import { listChannels } from '../../store/channels.ts';
import { knownServers } from '../../store/mcp-servers.ts';
import { currentPolicy } from '../../store/policy.ts';
import { findScope } from '../access/find-scope.ts';
import { heldIn, shownAccess } from '../access/held-in.ts';
import { whyText } from '../access/why-text.ts';
import { whyToolText } from '../access/why-tool-text.ts';
import { askCeilings } from '../ask-proxy.ts';
import { openCliContext } from '../context.ts';

/** `bellhop why`: prints how a request, or the call of a tool, would be decided. Nothing is sent. */
export function register(program: Command): void {
  program
    .command('why')
    .description('how the proxy would decide on a request, and by which rule; nothing is sent')
    .argument('<scope>', "'#channel', a channel's id, organization, or a key such as person:T0123:U0123")
    .argument('<method>', 'GET, POST, …; or mcp')
    .argument('<url>', 'such as https://api.acme.test/v1/signups; for mcp a tool, such as linear-tools.create_issue')
    .option('--json', 'print the decision as JSON')
    .action(async (text: string, method: string, url: string, options: { json?: boolean }) => {
      if (method.toLowerCase() === 'mcp') return await whyTool(text, url, options);
      const request = requestOfUrl(method, url);
      await using context = await openCliContext();
      const named = findScope(text, await listChannels(context.database));
      const held = await heldIn(context.database, named.scope);
      const access = shownAccess(await currentPolicy(context.database), named.scope, held);
      const decision = explain(request, access);
      const refused = refusedByGrants(request, decision, access);
      const ceilings = await askCeilings(context);
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
                ceilings,
              },
              null,
              2,
            )
          : whyText(named, request, decision, { tunnel, refused, ceilings }),
      );
    });
}

/** The same for a call of an MCP server's tool. What the server lists and what is approved is said as well. */
async function whyTool(text: string, name: string, options: { json?: boolean }): Promise<void> {
  const at = name.indexOf('.');
  if (at < 1 || at === name.length - 1) {
    throw new Error(`${name} is no tool: write server.tool, such as linear-tools.create_issue`);
  }
  const asked = { server: name.slice(0, at), tool: name.slice(at + 1) };
  await using context = await openCliContext();
  const named = findScope(text, await listChannels(context.database));
  const held = await heldIn(context.database, named.scope);
  const access = shownAccess(await currentPolicy(context.database), named.scope, held);
  const decision = judgeToolCall(asked, access);
  const connection = decision.outcome === 'allowed' ? (decision.server?.connection ?? null) : null;
  const [server] = await knownServers(context.database, [connection?.id ?? asked.server], connection?.owner);
  const known = server?.tools.find((each) => each.name === asked.tool);
  const { outcome, reason, walk } = decision;
  const isInSandbox = decision.outcome === 'allowed' && decision.server === null;
  // A channel in which everybody uses their own has no list.
  const isOfPeople = connection?.owner !== undefined && ownerOf(named.scope) === null;
  const unknown = isOfPeople ? 'of each person' : 'not known';
  const state = isInSandbox ? 'in the sandbox' : (known?.state ?? (server?.listedAt ? 'not listed' : unknown));
  // A server at a private address needs one of them.
  const addresses = connection?.rules.flatMap((rule) => rule.addresses) ?? [];
  const ceilings = await askCeilings(context);
  console.log(
    options.json
      ? JSON.stringify(
          {
            ...{ scope: named.scope, policyVersion: access.policyVersion, ...asked, outcome, reason, walk, state },
            ...{ addresses, ceilings },
            ...(decision.outcome === 'blocked' && { code: decision.code, rule: decision.rule }),
          },
          null,
          2,
        )
      : whyToolText(named, asked, decision, { state, addresses, ceilings }),
  );
}
