import { Refusal } from '../refusal.ts';
import type { RequestBody } from '../request/request-body.ts';
import { type RequestHead, valuesOf } from '../request/request-head.ts';

/** A message to an MCP server, in the form in which it is sent. */
export interface McpMessage {
  /** `response` for an answer to something that the server asked. */
  readonly method: McpMethod | 'response';
  /** The tool of `tools/call`. Null for every other message. */
  readonly tool: string | null;
  readonly body: Buffer;
}

/** Everything that a session of ours says. */
const METHODS = [
  'initialize',
  'notifications/initialized',
  'notifications/cancelled',
  'ping',
  'tools/list',
  'tools/call',
  'resources/read',
] as const;

export type McpMethod = (typeof METHODS)[number];

type Fields = Readonly<Record<string, unknown>>;

/** Of JSON-RPC (https://www.jsonrpc.org/specification), and of `tools/call`. */
const FIELDS = ['jsonrpc', 'id', 'method', 'params', 'result', 'error'];
const PARAMS_OF_A_CALL = ['name', 'arguments', '_meta'];

/** Arguments of a call. Larger things are files. */
const MAX_MESSAGE = 1024 * 1024;

/**
 * Reads the one message of a request. What is sent is written anew from what was read, so that no server reads a doubled
 * field in another way than it was judged.
 *
 * @throws Refusal `bad_request`, `body_too_large`
 */
export async function readMessage(head: RequestHead, body: RequestBody): Promise<McpMessage> {
  if (valuesOf(head.headers, 'content-encoding').length > 0) throw bad('is compressed');
  const bytes = await body.whole(MAX_MESSAGE);
  if (bytes === 'too-large') {
    throw new Refusal('body_too_large', `A message to an MCP server has at most ${MAX_MESSAGE} bytes.`);
  }
  const message = only(parsed(bytes), FIELDS);
  const written = { body: Buffer.from(JSON.stringify(message)) };
  if (message.jsonrpc !== '2.0') throw bad('is no message of JSON-RPC 2.0');
  if (message.method === undefined) {
    if (message.id === undefined || 'result' in message === 'error' in message) throw bad('asks and answers nothing');
    return { ...written, method: 'response', tool: null };
  }
  const method = METHODS.find((each) => each === message.method);
  if (!method) throw bad('has a method that is not carried');
  if (method !== 'tools/call') return { ...written, method, tool: null };
  const tool = (message.params as { readonly name?: unknown } | null | undefined)?.name;
  if (typeof tool !== 'string' || tool === '' || tool.length > 1_000) throw bad('names no tool');
  const params = only(message.params as Fields, PARAMS_OF_A_CALL);
  return { body: Buffer.from(JSON.stringify({ ...message, params })), method, tool };
}

/** A server may also take `Method` for `method`, so no other fields are passed on. */
function only(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
}

function parsed(bytes: Buffer): Fields {
  let message: unknown;
  try {
    message = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw bad('is no JSON');
  }
  // A list would be several messages.
  if (message === null || typeof message !== 'object' || Array.isArray(message)) throw bad('is not one message');
  return message as Fields;
}

function bad(why: string): Refusal {
  return new Refusal('bad_request', `What was sent to the MCP server ${why}.`);
}
