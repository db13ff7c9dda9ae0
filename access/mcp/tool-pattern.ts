/**
 * Names of an MCP server's tools in the access file: a whole name, or a name in which each `*` stands for any text, such
 * as `list_*`.
 */

/** Whether a pattern that allows covers a tool. Case counts, because it counts for servers. */
export function allowsTool(pattern: string, tool: string): boolean {
  return isCovered(pattern, tool);
}

/** Whether a pattern that forbids covers a tool. It is compared broadly: a server may read `Delete_All` as `delete_all`. */
export function forbidsTool(pattern: string, tool: string): boolean {
  return isCovered(pattern.toLowerCase(), tool.toLowerCase());
}

/**
 * Looks for the pieces between the asterisks one after the other, each as early as possible. A regular expression could
 * take very long for a pattern with many asterisks.
 */
function isCovered(pattern: string, tool: string): boolean {
  const pieces = pattern.split('*');
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (pieces.length === 1) return pattern === tool;
  if (tool.length < first.length + last.length || !tool.startsWith(first) || !tool.endsWith(last)) return false;
  const end = tool.length - last.length;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = tool.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
