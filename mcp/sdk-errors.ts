import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpError as RpcError } from '@modelcontextprotocol/sdk/types.js';
import { McpError, quoted } from './errors.ts';

/** A tool needs somebody to open an address (elicitation in URL mode). */
const URL_NEEDED = -32042;

/** What the SDK throws, in our words. */
export function asMcpError(error: unknown): McpError {
  if (error instanceof McpError) return error;
  if (error instanceof RpcError) {
    // https://www.jsonrpc.org/specification#error_object; -32001 is the SDK's own for a time limit.
    if (error.code === -32001)
      return new McpError('NoAnswerInTime', 'The server did not answer in time.', { cause: error });
    if (error.code === URL_NEEDED) {
      const words = 'The server wants a person to open a page of its own before it does this, which is not supported.';
      return new McpError('ServerFailed', words, { cause: error });
    }
    return new McpError('ServerFailed', `The server says: ${quoted(error.message)}`, { cause: error });
  }
  if (error instanceof StreamableHTTPError) {
    const status = error.code ?? 0;
    if (status < 100)
      return new McpError('ServerFailed', 'The server does not answer as an MCP server does.', { cause: error });
    const meaning = MEANINGS[status] ?? (status >= 500 ? ': it has a fault of its own' : '');
    return new McpError(status >= 500 ? 'ServerAway' : 'ServerRefused', `The server answered ${status}${meaning}.`, {
      cause: error,
      status,
    });
  }
  return new McpError('ServerFailed', 'The server does not answer as an MCP server does.', { cause: error });
}

const MEANINGS: Readonly<Record<number, string>> = {
  401: ': it does not accept the credential, which has to be entered anew',
  403: ': its credential does not suffice',
  404: ': there is nothing at this address',
  429: ': it wants fewer requests',
};
