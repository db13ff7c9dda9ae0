import { serverName } from '../access/personal-access.ts';
import type { McpCall, McpPort } from '../agent/mcp/mcp-port.ts';
import { type AnswerBudget, type AnswerRoom, createAnswerBudget } from '../mcp/answer-budget.ts';
import { COMMAND_LIMITS, withCommand } from '../mcp/command.ts';
import { McpError } from '../mcp/errors.ts';
import { SESSION_LIMITS, type SessionLimits, withServer } from '../mcp/session.ts';
import type { ToolAnswer } from '../mcp/tool-answer.ts';
import { ControlError, type ProxyControl } from '../proxy/control-client.ts';
import type { Database } from '../store/database.ts';
import { claimListing, commandUrl, OF_THE_FILE, serverUrl, storeListing } from '../store/mcp-servers.ts';

export interface McpCallsDependencies {
  readonly database: Database;
  readonly proxy: Pick<ProxyControl, 'askServer'>;
  readonly limits?: SessionLimits;
  readonly budget?: AnswerBudget;
}

const AT_ONCE = { usualMs: 0, troubledMs: 0 };

/**
 * Calls tools by the Agent Proxy of this machine, under the lease of the turn. Each call is a session of its own:
 *
 * 1. The server is greeted and lists its tools. The list is kept, and counts from the next turn.
 * 2. A tool that is not listed in the definition that the turn was offered is not called.
 * 3. The call is noted as begun, and sent.
 *
 * Therefore a definition that changed after it was approved is never called, and a crash before the third step has changed nothing.
 *
 * A server in the sandbox is started for each call, and asked without the proxy. It holds no credential, and whoever runs commands there
 * may change it. So its definitions are not approved, and a tool only has to be listed by its name.
 */
export function createMcpCalls({
  database,
  proxy,
  limits = SESSION_LIMITS,
  budget = createAnswerBudget(),
}: McpCallsDependencies): McpPort {
  async function callElsewhere(call: McpCall, room: AnswerRoom): Promise<ToolAnswer> {
    const { turn, sandbox, facts, signal, begin, onProgress, elicit } = call;
    const { server, name, digest, owner = OF_THE_FILE } = call.tool;
    const gone = () => new McpError('ProxyRefused', `No MCP server ${serverName(server)} is in force any more.`);
    const url = await serverUrl(database, server, owner);
    if (url === null) throw gone();
    try {
      return await withServer(
        url,
        (ask) => proxy.askServer({ connection: server, url }, { sandbox, turn, facts }, ask),
        { signal, limits, room },
        async (session) => {
          const listed = await session.listTools();
          await storeListing(database, { owner, connection: server, url }, listed);
          if (!listed.some((each) => each.digest === digest))
            throw changed(listed.some((each) => each.definition.name === name));
          await begin();
          return await session.callTool({ name, arguments: call.arguments, onProgress, elicit });
        },
      );
    } catch (error) {
      if (error instanceof ControlError && error.code === 'not_found') throw gone();
      throw error;
    }
  }

  async function callInSandbox(call: McpCall, command: readonly string[], room: AnswerRoom): Promise<ToolAnswer> {
    const { open, signal, begin, onProgress, elicit } = call;
    const { name } = call.tool;
    return await withCommand(await open(command, signal), { signal, limits: COMMAND_LIMITS, room }, async (session) => {
      const listed = await session.listTools();
      if (!listed.some(({ definition }) => definition.name === name)) throw changed(false);
      await begin();
      return await session.callTool({ name, arguments: call.arguments, onProgress, elicit });
    });
  }

  return {
    async call(call, use) {
      const { command } = call.tool;
      const room = budget.open(call.sandbox);
      try {
        return await use(await (command ? callInSandbox(call, command, room) : callElsewhere(call, room)));
      } finally {
        room.close();
      }
    },
    async start({ session, sandbox, server, command, open, signal }) {
      const ref = { owner: session, connection: server, url: commandUrl(command) };
      const room = budget.open(sandbox);
      try {
        const listed = await withCommand(
          await open(command, signal),
          { signal, limits: COMMAND_LIMITS, room },
          (started) => started.listTools(),
        );
        await claimListing(database, ref, AT_ONCE);
        await storeListing(database, ref, listed, true);
        return listed;
      } finally {
        room.close();
      }
    },
  };
}

function changed(isThere: boolean): McpError {
  return new McpError(
    'ProxyRefused',
    isThere
      ? 'The server has changed what it says of this tool since it was approved. It waits until an administrator has approved it anew.'
      : 'The server does not have this tool any more.',
  );
}
