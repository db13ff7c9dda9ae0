/** A name that an MCP server chose, for a terminal, which would obey control characters. */
export function shownName(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}]/gu, '?');
}
