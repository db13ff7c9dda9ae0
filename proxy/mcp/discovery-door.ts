import type { AccessDocument } from '../../access/document.ts';
import { personalId } from '../../access/personal-access.ts';
import { ControlError, type DiscoveredAuthorization, type DiscoveryRequest } from '../control/protocol.ts';
import { TokenError } from '../credentials/tokens/token-error.ts';
import { type DiscoveryOptions, discoverAuthorization } from './discover-authorization.ts';

/** For all addresses together: two of the server and two of each of three authorization servers. Each has 10 s (guarded-fetch.ts). */
const WITHIN_MS = 40_000;

/**
 * Discovery for the operator, who names a connection or an offer of the access file and no address. From there the metadata leads: the
 * server names authorization servers, which may be at any public host or at a private one that the connection has an exception for. They
 * are read at their well-known addresses, and nothing is posted but a registration, to the origin of the first of them.
 */
export function createDiscovery({
  dialer,
  document,
}: Pick<DiscoveryOptions, 'dialer'> & { readonly document: () => AccessDocument | null }) {
  return async (server: string, { redirectUri }: DiscoveryRequest): Promise<DiscoveredAuthorization> => {
    const offered = (document()?.people?.offers ?? []).map(({ connection }) => connection);
    const all = [...offered, ...(document()?.connections ?? [])];
    const found = all.find(({ id, mcp }) => mcp && (id === personalId(server) || id === server));
    if (!found) throw new ControlError('not_found', `no MCP server ${server} is in force`);
    try {
      return await discoverAuthorization(found, { dialer, redirectUri, signal: AbortSignal.timeout(WITHIN_MS) });
    } catch (error) {
      if (error instanceof TokenError)
        throw new ControlError('bad_request', `${server}: ${error.detail ?? error.message}`);
      throw error;
    }
  };
}
