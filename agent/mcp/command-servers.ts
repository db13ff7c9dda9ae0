/** MCP servers that commands start in the sandbox. What they list is kept for their session alone, and counts at once. */
import { z } from 'zod';
import type { EffectiveAccess } from '../../access/decision.ts';
import type { ToolRules } from '../../access/document.ts';
import { lacking, NEEDS } from '../../access/mcp/judge-tool.ts';
import { ruleFor } from '../../access/mcp/tool-rules.ts';
import { wireName } from '../../access/mcp/wire-name.ts';
import type { SessionId } from '../../contracts/ids.ts';
import type { OfferedTool, TurnCommand } from '../../contracts/mcp.ts';
import { McpError } from '../../mcp/errors.ts';
import type { Queryable } from '../../store/database.ts';
import { commandUrl, knownServers } from '../../store/mcp-servers.ts';
import { said, type Tool } from '../tools/tool.ts';

/** No name of a server's tool: those have two underscores. */
const START = 'start_mcp_server';
const schema = z.object({ server: z.string() });

/** The servers that a turn may start. Guardrails are denials of each. */
export function commandsOf({ commandServers = [], toolGuardrails, enabled }: EffectiveAccess): TurnCommand[] {
  if (!enabled) return [];
  return commandServers.map(({ id, command, tools }) => {
    const guardrails = toolGuardrails.filter(({ server }) => server === '*' || server === id);
    const denied = guardrails.flatMap((each) => each.tools.map((pattern) => ({ pattern, line: each.line })));
    return { server: id, command, rules: { ...tools, deny: [...denied, ...tools.deny] } };
  });
}

/** What the model is told of them when a turn begins. */
export function commandNotes(commands: readonly TurnCommand[]): string[] {
  return commands.map(
    ({ server }) =>
      `${server}: it runs in your sandbox. Its tools are yours from the moment when you have started it by ${START}, in this thread.`,
  );
}

/** Tools of the servers that were started in this session, as far as they may be called. */
export async function startedTools(
  db: Queryable,
  session: SessionId,
  commands: readonly TurnCommand[],
  most: number,
): Promise<OfferedTool[]> {
  if (commands.length === 0) return [];
  const names = commands.map(({ server }) => server);
  const known = await knownServers(db, names, session);
  const offered = commands.flatMap(({ server, command, rules }) => {
    const found = known.find(({ connection, url }) => connection === server && url === commandUrl(command));
    return (found?.tools ?? []).flatMap(({ name, digest, problem, readOnly }): OfferedTool[] => {
      const way = problem === null && wireName(server, name) !== null ? wayOf(name, rules, readOnly) : null;
      if (way === null) return [];
      return [{ server, name, digest, owner: session, command, ...(way === 'asked' && { asks: true }) }];
    });
  });
  return offered.slice(0, most);
}

/** Null: it may not be called. */
function wayOf(tool: string, rules: ToolRules, readOnly: boolean): 'called' | 'asked' | null {
  const { found, isAskedFor } = ruleFor(tool, rules);
  if (!found || found.list === 'deny') return null;
  const needs = isAskedFor ? 'approval' : NEEDS[found.list];
  if (needs === 'approval') return 'asked';
  return lacking(needs, { readOnly, approved: false }, tool) === null ? 'called' : null;
}

/** The tool by which the model starts one of them. Nothing where there is none. */
export function startTool(commands: readonly TurnCommand[]): Tool[] {
  if (commands.length === 0) return [];
  const names = commands.map(({ server }) => server).join(', ');
  return [
    {
      name: START,
      description: `Starts an MCP server in the sandbox and lists its tools, which you can call afterwards. Servers: ${names}.`,
      schema,
      parallel: false,
      idempotent: true,
      beginsItself: true,
      async run(context, given, signal) {
        const args = schema.safeParse(given);
        const found = commands.find(({ server }) => server === args.data?.server);
        if (!found) return said(`There is no such server to start. There are: ${names}.`, true);
        const { server, command, rules } = found;
        try {
          const listed = await context.startServer({ server, command, signal });
          const tools = listed.filter(
            ({ definition, problem }) =>
              problem === null && wayOf(definition.name, rules, definition.readOnly) !== null,
          );
          const told = tools.map(({ definition }) => `${server}.${definition.name}`).join(', ');
          const left = listed.length - tools.length;
          return said(
            `${server} was started. ${told === '' ? 'It has no tool that may be called here.' : `You have these tools now: ${told}.`}${left > 0 ? ` ${left} of its tools may not be called here.` : ''}`,
          );
        } catch (error) {
          signal.throwIfAborted();
          if (!(error instanceof McpError)) throw error;
          return said(
            `${server} could not be started. ${error.message} Go on without it, and say so in your answer.`,
            true,
          );
        }
      },
    },
  ];
}
