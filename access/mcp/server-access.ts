import type { EffectiveAccess } from '../decision.ts';

/**
 * What a call of one MCP server may reach: the address of that server, unless a guardrail forbids it. Nothing where the server
 * is not attached.
 */
export function serverAccess(access: EffectiveAccess, server: string): EffectiveAccess {
  const found = access.servers.filter(({ connection }) => connection.id === server);
  return {
    ...access,
    rules: found.flatMap(({ connection, origin }) =>
      connection.rules.map(
        (match) => ({ from: 'connection', action: match.action, connection, match, origin }) as const,
      ),
    ),
    repositories: [],
    forges: [],
  };
}
