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
import { type SandboxTool, said } from '../tools/tool.ts';

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

/** What a turn has left for tools, beside those that it was offered when it began. */
export interface ToolRoom {
  readonly tools: number;
  readonly bytes: number;
}

export interface StartedTools {
  readonly offered: readonly OfferedTool[];
  /** How many tools have no room, by their servers. */
  readonly left: ReadonlyMap<string, number>;
}

/** Tools of the servers that were started in this session, as far as they may be called and there is room for them. */
export async function startedTools(
  db: Queryable,
  session: SessionId,
  commands: readonly TurnCommand[],
  room: ToolRoom,
): Promise<StartedTools> {
  const offered: OfferedTool[] = [];
  const left = new Map<string, number>();
  if (commands.length === 0) return { offered, left };
  const names = commands.map(({ server }) => server);
  const known = await knownServers(db, names, session);
  let bytes = 0;
  for (const { server, command, rules } of commands) {
    const found = known.find(({ connection, url }) => connection === server && url === commandUrl(command));
    for (const { name, digest, problem, readOnly, bytes: size } of found?.tools ?? []) {
      const way = problem === null && wireName(server, name) !== null ? wayOf(name, rules, readOnly) : null;
      if (way === null) continue;
      if (offered.length >= room.tools || bytes + size > room.bytes) left.set(server, (left.get(server) ?? 0) + 1);
      else {
        offered.push({ server, name, digest, owner: session, command, ...(way === 'asked' && { asks: true }) });
        bytes += size;
      }
    }
  }
  return { offered, left };
}

function leftOut({ left }: StartedTools): string {
  const each = [...left].map(([server, count]) => `${count} of ${server}`);
  return each.length === 0 ? '' : ` Tools that are left out, because a turn has room for no more: ${each.join(', ')}.`;
}

/** Null: it may not be called. */
function wayOf(tool: string, rules: ToolRules, readOnly: boolean): 'called' | 'asked' | null {
  const { found, isAskedFor } = ruleFor(tool, rules);
  if (!found || found.list === 'deny') return null;
  const needs = isAskedFor ? 'approval' : NEEDS[found.list];
  if (needs === 'approval') return 'asked';
  return lacking(needs, { readOnly, approved: false }, tool) === null ? 'called' : null;
}

/**
 * The tool by which the model starts one of them. Nothing where there is none.
 *
 * @param started the tools that there are before
 * @param look finds those that there are after a start
 */
export function startTool(
  commands: readonly TurnCommand[],
  started: StartedTools,
  look: () => Promise<StartedTools>,
): SandboxTool[] {
  if (commands.length === 0) return [];
  const names = commands.map(({ server }) => server).join(', ');
  return [
    {
      name: START,
      description: `Starts an MCP server in the sandbox and lists its tools, which you can call afterwards. Servers: ${names}.${leftOut(started)}`,
      schema,
      parallel: false,
      idempotent: true,
      beginsItself: true,
      async run(context, given, signal) {
        const args = schema.safeParse(given);
        const found = commands.find(({ server }) => server === args.data?.server);
        if (!found) return said(`There is no such server to start. There are: ${names}.`, true);
        const { server, command } = found;
        try {
          const listed = await context.startServer({ server, command, signal });
          const now = await look();
          const tools = now.offered.filter((each) => each.server === server);
          const told = tools.map(({ name }) => `${server}.${name}`).join(', ');
          const denied = listed.length - tools.length - (now.left.get(server) ?? 0);
          return said(
            `${server} was started. ${told === '' ? 'It has no tool that may be called here.' : `You have these tools now: ${told}.`}${denied > 0 ? ` ${denied} of its tools may not be called here.` : ''}${leftOut(now)}`,
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
