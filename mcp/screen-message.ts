import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { McpError } from './errors.ts';

/** A form of a question has fewer: 20 fields, and a list of 100 values in each. */
const MOST_VALUES = 10_000;

/**
 * Keeps messages from the SDK that it would check as a whole. It notes everything that is wrong with a message, and its note is hundreds of times as
 * large: one of a hundred kilobytes would use up the memory of the process. Results of calls are not checked by it (talk.ts), so they may be large.
 * The greeting is a result that it checks. What a server writes into it does not say that it is one, so our side of the session does.
 *
 * @param isGreeted whether the greeting is over
 * @throws McpError `ServerFailed`
 */
export function screenMessage(message: JSONRPCMessage, isGreeted: boolean): void {
  const isChecked = !isGreeted || !('result' in message);
  if (isChecked && !hasAtMost(MOST_VALUES, message)) {
    throw new McpError('ServerFailed', 'The server says more at once than an MCP server may.');
  }
}

/** Without recursion: a message may be nested more deeply than the stack goes. */
function hasAtMost(most: number, value: unknown): boolean {
  const open: unknown[] = [value];
  for (let seen = 0; open.length > 0; seen += 1) {
    if (seen > most || open.length > most) return false;
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    const inside = Array.isArray(next) ? next : Object.values(next);
    if (inside.length > most) return false;
    open.push(...inside);
  }
  return true;
}
