/** The one request by which a connection is tested, and what is told of its answer. */
import http from 'node:http';
import type { duplexPair } from 'node:stream';
import type { Connection, McpServer } from '../../access/document.ts';
import { type ConnectionAnswer, type ConnectionRequest, ControlError } from '../control/protocol.ts';
import { type Authority, hostHeader, parseAuthority } from './authority.ts';

export interface TestRequest {
  readonly method: string;
  readonly url: URL;
  readonly authority: Authority;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** The MCP server that is asked. Null for every other connection. */
  readonly server: string | null;
}

export interface TestedRequest extends Pick<ConnectionAnswer, 'status' | 'refusal' | 'location'> {
  /** The session that an MCP server began. */
  readonly session: string | null;
}

const MAX_REFUSAL = 64 * 1024;
const VERSION = '2025-06-18';

/**
 * What a test sends: the request that is asked for, or the one that the file names.
 * @throws ControlError `bad_request`
 */
export function requestOf(connection: Connection, asked: ConnectionRequest): TestRequest {
  const test = asked.url === undefined ? connection.test : { method: asked.method ?? 'GET', url: asked.url };
  if (!test) {
    const hint = 'say in bellhop.yaml what to test (test: GET https://…), or name a request here';
    throw new ControlError('bad_request', `connection ${connection.id} names no test: ${hint}`);
  }
  const url = URL.canParse(test.url) ? new URL(test.url) : null;
  if (url?.protocol !== 'https:') throw new ControlError('bad_request', 'a test needs a URL with https');
  try {
    return {
      method: test.method,
      url,
      authority: parseAuthority(url.host, 443),
      headers: {},
      body: null,
      server: null,
    };
  } catch (error) {
    throw new ControlError('bad_request', (error as Error).message);
  }
}

/** How an MCP server is tested: it is greeted (https://modelcontextprotocol.io/specification/2025-06-18/basic/lifecycle). */
export function greetingOf(server: string, { url: text }: McpServer): TestRequest {
  const url = new URL(text);
  const params = { protocolVersion: VERSION, capabilities: {}, clientInfo: { name: 'bellhop', version: '1' } };
  return {
    method: 'POST',
    url,
    authority: parseAuthority(url.host, 443),
    headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
    server,
  };
}

/** The end of the session that a greeting began. */
export function farewellOf(greeting: TestRequest, session: string): TestRequest {
  const headers = { 'mcp-session-id': session, 'mcp-protocol-version': VERSION };
  return { ...greeting, method: 'DELETE', headers, body: null };
}

/** The status of the answer, and the reason when the proxy refused. Nothing of the service's body is read. */
export function askForStatus(
  socket: ReturnType<typeof duplexPair>[0],
  { method, url, authority, headers, body }: TestRequest,
  timeoutMs: number,
): Promise<TestedRequest> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new ControlError('internal', why));
    const request = http.request({
      createConnection: () => socket as never,
      method,
      path: url.pathname + url.search,
      headers: { accept: '*/*', ...headers, host: hostHeader(authority, 'https'), 'user-agent': 'bellhop' },
    });
    // The `timeout` of node:http is that of a socket. A pair of streams has none.
    const timer = setTimeout(() => request.destroy(new Error('no answer in time')), timeoutMs);
    request.on('close', () => clearTimeout(timer));
    request.on('error', (error) => fail(`the test broke off: ${error.message}`));
    request.on('response', (response) => {
      const status = response.statusCode ?? 0;
      // Only the proxy sends this header: it removes it from every answer of a host.
      if (response.headers['x-agent-proxy'] === undefined) {
        response.destroy();
        const { location = null, 'mcp-session-id': session } = response.headers;
        resolve({ status, refusal: null, location, session: typeof session === 'string' ? session : null });
        return;
      }
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (text.length < MAX_REFUSAL) text += chunk;
      });
      response.on('end', () => {
        const refusal = refusalIn(text, String(response.headers['x-agent-proxy']));
        resolve({ status: null, refusal, location: null, session: null });
      });
      // After 'end' this changes nothing.
      response.on('close', () => fail('the test broke off in the middle of its answer'));
    });
    request.end(body ?? undefined);
  });
}

/** What the proxy refused. For git it says so in plain text, and its header has the code. */
function refusalIn(text: string, header: string): NonNullable<ConnectionAnswer['refusal']> {
  try {
    const { code, message, hint } = (JSON.parse(text) as { error: { code: string; message: string; hint: string } })
      .error;
    return { code, message, hint };
  } catch {
    const code = /\bcode=([a-z_]+)/.exec(header)?.[1] ?? 'internal';
    return { code, message: text.trim().replace(/^bellhop: /, ''), hint: '' };
  }
}
