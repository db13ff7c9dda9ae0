/** Where people grant tokens for an MCP server, as the server itself says (RFC 9728, RFC 8414). */
import * as oauth from 'oauth4webapi';
import type { Connection } from '../../access/document.ts';
import type { DiscoveredAuthorization } from '../control/protocol.ts';
import { createGuardedFetch, type GuardedFetch } from '../credentials/tokens/guarded-fetch.ts';
import { tokenHostOf } from '../credentials/tokens/minter.ts';
import { by } from '../credentials/tokens/oauth-parties.ts';
import { TokenError } from '../credentials/tokens/token-error.ts';
import type { GuardedDialer } from '../dialer/guarded-dialer.ts';

export interface DiscoveryOptions {
  readonly dialer: Pick<GuardedDialer, 'connectTls'>;
  readonly signal: AbortSignal;
  /** The address that browsers are led back to: registers a client for it (RFC 7591). */
  readonly redirectUri?: string | undefined;
}

/** Each authorization server that a server names is asked. More than these are no help to anybody. */
const MOST_SERVERS = 3;

/**
 * Asks an MCP server, with no credential, and the authorization server that it names. What they say is for an administrator, who puts it
 * into the access file or does not: no token is ever sent where only a server has pointed.
 *
 * - The server has to say that the answer is of itself: its `resource` is the address that was asked for (RFC 9728 3.3).
 * - The authorization server has to have the name by which it was asked for (RFC 8414 3.3), and PKCE with S256.
 *
 * @throws TokenError with what is missing
 */
export async function discoverAuthorization(
  connection: Connection,
  { dialer, signal, redirectUri }: DiscoveryOptions,
): Promise<DiscoveredAuthorization> {
  const url = connection.mcp?.url ?? '';
  const fetch = createGuardedFetch({ dialer, host: tokenHostOf(connection), signal });
  const resource = await readResource(fetch, new URL(url));
  const issuers = resource.authorization_servers ?? [];
  if (issuers.length === 0) throw new TokenError('bad_answer', 'the server names no authorization server');
  let refused: unknown;
  for (const issuer of issuers.slice(0, MOST_SERVERS)) {
    try {
      const server = await readServer(fetch, issuer);
      const clientId = redirectUri === undefined ? null : await register(fetch, server, redirectUri);
      return described(server, resource.scopes_supported ?? [], clientId);
    } catch (error) {
      refused ??= error;
    }
  }
  throw refused;
}

/** The well-known address with the path of the server, and then the one of its host (RFC 9728 3.1). */
async function readResource(fetch: GuardedFetch, url: URL): Promise<oauth.ResourceServer> {
  const ways = url.pathname === '/' ? [url] : [url, new URL(url.origin)];
  let missing = 'not_found';
  for (const way of ways) {
    const answer = await oauth.resourceDiscoveryRequest(way, by(fetch));
    if (answer.status !== 200) {
      missing = `http_${answer.status}`;
      continue;
    }
    // The document of the whole host may name the server or the host.
    const said: unknown = (
      (await answer
        .clone()
        .json()
        .catch(() => null)) as { resource?: unknown } | null
    )?.resource;
    const of = said === way.origin || said === `${way.origin}/` ? way : url;
    return await oauth.processResourceDiscoveryResponse(of, answer).catch((error: Error) => {
      throw new TokenError('bad_answer', `the metadata of the server: ${error.message}`);
    });
  }
  throw new TokenError('bad_answer', `the server has no metadata of a protected resource (${missing})`);
}

async function readServer(fetch: GuardedFetch, issuer: string): Promise<oauth.AuthorizationServer> {
  const url = URL.canParse(issuer) ? new URL(issuer) : null;
  if (url?.protocol !== 'https:') throw new TokenError('bad_answer', 'the authorization server has no https address');
  for (const algorithm of ['oauth2', 'oidc'] as const) {
    const answer = await oauth.discoveryRequest(url, { ...by(fetch), algorithm });
    if (answer.status !== 200) continue;
    return await oauth.processDiscoveryResponse(url, answer).catch((error: Error) => {
      throw new TokenError('bad_answer', `the metadata of ${url.host}: ${error.message}`);
    });
  }
  throw new TokenError('bad_answer', `${url.host} has no metadata of an authorization server`);
}

/** A public client: it is bound by PKCE, and there is no secret that somebody would have to keep. */
async function register(fetch: GuardedFetch, server: oauth.AuthorizationServer, redirectUri: string): Promise<string> {
  if (server.registration_endpoint === undefined) {
    throw new TokenError('bad_answer', `${server.issuer} registers no clients by itself: register one by hand`);
  }
  const answer = await oauth.dynamicClientRegistrationRequest(
    server,
    {
      client_name: 'Bellhop',
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
    by(fetch),
  );
  const client = await oauth.processDynamicClientRegistrationResponse(answer).catch((error: Error) => {
    throw new TokenError('bad_answer', `${server.issuer} registered no client: ${error.message}`);
  });
  if (client.client_secret !== undefined) {
    throw new TokenError('bad_answer', `${server.issuer} registers no public clients: register one by hand`);
  }
  return client.client_id;
}

function described(
  server: oauth.AuthorizationServer,
  scopes: readonly string[],
  clientId: string | null,
): DiscoveredAuthorization {
  const {
    authorization_endpoint: authorizeUrl,
    token_endpoint: tokenUrl,
    device_authorization_endpoint: deviceUrl = null,
    code_challenge_methods_supported: challenges = [],
  } = server;
  if (authorizeUrl === undefined || tokenUrl === undefined) {
    throw new TokenError('bad_answer', `${server.issuer} names no endpoints for authorization and tokens`);
  }
  if (!challenges.includes('S256')) throw new TokenError('bad_answer', `${server.issuer} has no PKCE with S256`);
  const all = [server.issuer, authorizeUrl, tokenUrl, ...(deviceUrl === null ? [] : [deviceUrl])];
  if (all.some((each) => !each.startsWith('https://'))) {
    throw new TokenError('bad_answer', `${server.issuer} names an address that is not https`);
  }
  return {
    ...{ issuer: server.issuer, authorizeUrl, tokenUrl, deviceUrl, scopes, clientId },
    namesIssuer: server.authorization_response_iss_parameter_supported === true,
    registersClients: server.registration_endpoint !== undefined,
  };
}
