import type { IncomingMessage, ServerResponse } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Accounts } from '../accounts.ts';

export const TOOLS_HOST = 'tools.acme.test';

/** How a request was answered, for the ledger. */
export interface ToolsAnswer {
  readonly status: number;
  readonly caller: string | null;
}

export type ToolsServer = (request: IncomingMessage, response: ServerResponse) => Promise<ToolsAnswer>;

/**
 * An MCP server by the project's own SDK, over Streamable HTTP, that stands in for those of real services. Its one tool says
 * whose credential called it. It asks for a token of an account (`Authorization: Bearer`, RFC 6750) and keeps no session.
 */
export function createToolsServer(accounts: Pick<Accounts, 'ownerOf' | 'isService'>): ToolsServer {
  return async (request, response) => {
    const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    const caller = token ? accounts.ownerOf(token) : null;
    if (caller === null) {
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="acme"', 'content-type': 'application/json' });
      response.end('{"error":"a token is needed"}\n');
      return { status: 401, caller };
    }
    const server = serverFor(caller, accounts.isService(caller));
    // Without the option there is no session: each request stands for itself.
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
    response.once('close', () => void server.close());
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    await transport.handleRequest(request, response);
    return { status: response.statusCode, caller };
  };
}

function serverFor(caller: string, isService: boolean): McpServer {
  const server = new McpServer({ name: 'acme-tools', version: '1.0.0' });
  const about = {
    title: 'Who am I at Acme?',
    description: 'Says whose credential called it.',
    annotations: { readOnlyHint: true },
  };
  server.registerTool('whoami', about, () => ({
    content: [{ type: 'text', text: `called by ${caller}${isService ? ', the account of the agent' : ''}` }],
  }));
  return server;
}
