/** Which scopes may reach a host, and by which rules. */
import type { ScopeKey } from '../contracts/scope.ts';
import type { EffectiveRule } from './decision.ts';
import type { AccessDocument } from './document.ts';
import { indexAccess } from './effective-access.ts';
import { matchesHost } from './host-name.ts';
import { serverAccess } from './mcp/server-access.ts';

export interface HostReach {
  readonly scope: ScopeKey;
  readonly label: string;
  /** Rules for this host, in the order of comparison, those that deny included. */
  readonly rules: readonly EffectiveRule[];
}

/**
 * The scopes of a document in which a rule allows something on a host. A channel that the document does not name has
 * what its workspace and the organization have. In a channel with `identity: requester` it is what somebody reaches there who has connected
 * all that may be used.
 *
 * @param host canonical (host-name.ts)
 */
export function whoCan(host: string, document: AccessDocument): HostReach[] {
  const index = indexAccess(document);
  const named = document.scopes.map(({ scope, label }) => ({ scope, label }));
  return named.flatMap(({ scope, label }) => {
    const access = index.accessOfAnybody(host, scope);
    // The address of an MCP server is no rule. Scopes that may call its tools reach it all the same.
    const servers = access.servers.flatMap(({ connection }) => serverAccess(access, connection.id).rules);
    const found = [...access.rules, ...servers.filter(({ match }) => matchesHost(match.host, host))];
    const rules = access.enabled ? found : [];
    return rules.some(({ action }) => action !== 'deny') ? [{ scope, label, rules }] : [];
  });
}
