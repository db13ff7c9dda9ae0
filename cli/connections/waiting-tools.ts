import type { DefinedTool } from '../../store/mcp-servers.ts';
import { shownName } from '../shown-name.ts';

/** Enough of a digest that nobody finds another definition with the same. */
const SHOWN_DIGITS = 16;

/** `create_issue@0123456789abcdef`: a tool in one definition. A person approves by this name, so they approve the definition that they were shown. */
export function definitionName({ name, digest }: DefinedTool): string {
  return `${name}@${digest.slice(0, SHOWN_DIGITS)}`;
}

/** Everything that a model would be given, and how to approve it. */
export function waitingText(connection: string, waiting: readonly DefinedTool[]): string {
  if (waiting.length === 0) return `No tool of ${connection} waits.`;
  const each = waiting.map((tool) => {
    const { description, inputSchema, readOnly, idempotent } = tool.definition;
    const hints = [...(readOnly ? ['changes nothing'] : []), ...(idempotent ? ['may be repeated'] : [])];
    return [
      shownName(definitionName(tool)),
      ...description.split('\n').map((line) => `    ${shownName(line)}`),
      `    arguments: ${shownName(JSON.stringify(inputSchema))}`,
      ...(hints.length > 0 ? [`    the server says: ${hints.join(', ')}`] : []),
    ].join('\n');
  });
  return [
    `These tools of ${connection} wait. Everything below a name is the server's own words:`,
    ...each,
    `Approve what you have read: ./bellhop connections approve ${connection} ${waiting.map((tool) => quoted(definitionName(tool))).join(' ')}`,
  ].join('\n\n');
}

/** For a shell. Names with odd characters cannot be typed as they are shown. */
function quoted(name: string): string {
  return /^[\w@.:/-]+$/.test(name) ? name : `'${shownName(name).replaceAll("'", "'\\''")}'`;
}
