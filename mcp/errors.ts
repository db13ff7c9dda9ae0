/** How the talk with an MCP server can fail. */
export type McpErrorCode =
  /** The server could not be reached, or broke off. */
  | 'ServerAway'
  /** The Agent Proxy refused the request. */
  | 'ProxyRefused'
  /** The server answered with a status that is no success, such as 401. */
  | 'ServerRefused'
  | 'AnswerTooLarge'
  | 'NoAnswerInTime'
  /** The server answered in a way that is not MCP, or with an error of its protocol. */
  | 'ServerFailed';

/** The message is a sentence for the model and for people. Words of the server in it are bounded. */
export class McpError extends Error {
  override readonly name = 'McpError';
  readonly code: McpErrorCode;
  /** What the server answered instead of a result. Null when it is none of that. */
  readonly status: number | null;
  constructor(
    code: McpErrorCode,
    message: string,
    { status = null, ...options }: { readonly cause?: unknown; readonly status?: number | null } = {},
  ) {
    super(message, options);
    this.code = code;
    this.status = status;
  }
}

/** The beginning of what a server said, on one line. */
export function quoted(words: string, length = 300): string {
  const line = words.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line.length > length ? `${line.slice(0, length)}…` : line;
}
