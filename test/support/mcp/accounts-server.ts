import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';

/** An MCP server with an account for each token: it lists a tool of the account, and says who asks. */
export interface AccountsServer {
  readonly onRequest: RequestListener;
  /** What came of each request: whose token it had, and whose session it named. */
  readonly seen: readonly { readonly by: string; readonly method: string; readonly session: string | null }[];
  /** The connections that requests of an account came on, by their ports. */
  readonly ports: ReadonlyMap<string, ReadonlySet<number>>;
  /** Says more of its tool of an account: another definition of it. */
  readonly words: Map<string, string>;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly name?: string };
}

/** @param accounts from the value of the authorization header to the name of the account */
export function createAccountsServer(accounts: ReadonlyMap<string, string>): AccountsServer {
  const seen: { by: string; method: string; session: string | null }[] = [];
  const ports = new Map<string, Set<number>>();
  const words = new Map<string, string>();
  const sessions = new Map<string, string>();
  return {
    seen,
    ports,
    words,
    async onRequest(request, response) {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      const by = accounts.get(request.headers.authorization ?? '');
      const { id, method = '', params } = (text === '' ? {} : JSON.parse(text)) as Message;
      const named = request.headers['mcp-session-id'];
      const session = typeof named === 'string' ? (sessions.get(named) ?? 'nobody') : null;
      seen.push({ by: by ?? 'nobody', method: method || (request.method ?? ''), session });
      if (by === undefined) return void response.writeHead(401).end();
      ports.set(by, (ports.get(by) ?? new Set()).add(request.socket.remotePort ?? 0));
      if (id === undefined) return void response.writeHead(202).end();
      const result = (value: unknown, headers = {}) =>
        void response
          .writeHead(200, { 'content-type': 'application/json', ...headers })
          .end(JSON.stringify({ jsonrpc: '2.0', id, result: value }));
      if (method === 'initialize') {
        const key = randomUUID();
        sessions.set(key, by);
        const capabilities = { tools: {} };
        const serverInfo = { name: 'accounts', version: '1' };
        return result({ protocolVersion: '2025-06-18', capabilities, serverInfo }, { 'mcp-session-id': key });
      }
      if (method === 'tools/list') {
        const inputSchema = { type: 'object', properties: {} };
        const own = { name: `notes_of_${by}`, description: words.get(by) ?? `Notes of ${by}`, inputSchema };
        return result({ tools: [{ name: 'whoami', description: 'Who asks', inputSchema }, own] });
      }
      result({ content: [{ type: 'text', text: `${params?.name} for ${by}` }] });
    },
  };
}
