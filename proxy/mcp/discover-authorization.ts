/** Where people grant tokens for an MCP server, as the server itself says (RFC 9728, RFC 8414). */
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
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

/** RFC 6749 3.3. */
const scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/);
/** Visible ASCII. RFC 6749 A.1 has spaces too, which nobody would see at its ends. */
const CLIENT_ID = /^[\x21-\x7e]{1,2000}$/;
const ResourceSchema = z.object({
  authorization_servers: z.array(z.string()).nullish(),
  scopes_supported: z.array(scope).nullish(),
});

/**
 * Asks an MCP server, with no credential, and the authorization server that it names. What they say is for an administrator, who puts it
 * into the access file or does not: no token is ever sent where only a server has pointed.
 *
 * - The server has to say that the answer is of itself: its `resource` is the address that was asked for (RFC 9728 3.3).
 * - The authorization server has to have the name by which it was asked for (RFC 8414 3.3), and PKCE with S256.
 * - Every address has to be a plain https URL, and every scope one word: a terminal and YAML obey more than words.
 * - A client is registered last, when all of this holds, and only at the origin of the authorization server that is named first: the
 *   administrator who asks for it has seen that one, and is not led to another by a failure.
 *
 * @throws TokenError with what is missing
 */
export async function discoverAuthorization(
  connection: Connection,
  { dialer, signal, redirectUri }: DiscoveryOptions,
): Promise<DiscoveredAuthorization> {
  const url = connection.mcp?.url ?? '';
  const fetch = createGuardedFetch({ dialer, host: tokenHostOf(connection), signal });
  const resource = ResourceSchema.safeParse(await readResource(fetch, new URL(url)));
  if (!resource.success) {
    const list = String(resource.error.issues[0]?.path[0]);
    throw new TokenError('bad_answer', `the metadata of the server has no list of words as ${list}`);
  }
  const scopes = resource.data.scopes_supported ?? [];
  const issuers = resource.data.authorization_servers ?? [];
  let refused: unknown = new TokenError('bad_answer', 'the server names no authorization server');
  for (const [index, issuer] of issuers.slice(0, redirectUri === undefined ? MOST_SERVERS : 1).entries()) {
    try {
      const server = await readServer(fetch, issuer);
      const found = described(server, scopes);
      if (redirectUri !== undefined) return { ...found, clientId: await register(fetch, server, redirectUri) };
      return { ...found, registersClients: index === 0 && found.registersClients };
    } catch (error) {
      if (index === 0) refused = error;
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
    const server = await oauth.processDiscoveryResponse(url, answer).catch((error: Error) => {
      throw new TokenError('bad_answer', `the metadata of ${url.host}: ${error.message}`);
    });
    // The library compares what a URL parser makes of both, and a parser drops line breaks.
    if (isPlain(server.issuer)) return server;
    throw new TokenError('bad_answer', `the issuer that ${url.host} names is not a plain https URL`);
  }
  throw new TokenError('bad_answer', `${url.host} has no metadata of an authorization server`);
}

/** An https URL that is written as a parser would write it, so it holds nothing but visible ASCII. */
function isPlain(address: unknown): address is string {
  if (typeof address !== 'string' || !URL.canParse(address)) return false;
  const { protocol, href, origin, username, password } = new URL(address);
  const bare = username === '' && password === '' && !address.includes('#');
  return protocol === 'https:' && bare && (address === href || address === origin);
}

/**
 * Whether clients can be registered at the authorization server itself. It is dialled with the address exceptions of the connection, so a
 * body goes only to a host that has said, at its own well-known address, that it is an authorization server.
 */
function registersItself({ issuer, registration_endpoint: address }: oauth.AuthorizationServer): boolean {
  return isPlain(address) && new URL(address).origin === new URL(issuer).origin;
}

/** A public client: it is bound by PKCE, and there is no secret that somebody would have to keep. */
async function register(fetch: GuardedFetch, server: oauth.AuthorizationServer, redirectUri: string): Promise<string> {
  if (server.registration_endpoint === undefined) {
    throw new TokenError('bad_answer', `${server.issuer} registers no clients by itself: register one by hand`);
  }
  if (!registersItself(server)) {
    const where = 'at an address that is not its own';
    throw new TokenError('bad_answer', `${server.issuer} registers clients ${where}: register one by hand`);
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
  if (!CLIENT_ID.test(client.client_id)) {
    throw new TokenError('bad_answer', `${server.issuer} registered a client with an id that cannot be printed`);
  }
  return client.client_id;
}

function described(server: oauth.AuthorizationServer, scopes: readonly string[]): DiscoveredAuthorization {
  const {
    authorization_endpoint: authorizeUrl,
    token_endpoint: tokenUrl,
    device_authorization_endpoint: deviceUrl = null,
    code_challenge_methods_supported: challenges,
  } = server;
  if (authorizeUrl === undefined || tokenUrl === undefined) {
    throw new TokenError('bad_answer', `${server.issuer} names no endpoints for authorization and tokens`);
  }
  if (!Array.isArray(challenges) || !challenges.includes('S256'))
    throw new TokenError('bad_answer', `${server.issuer} has no PKCE with S256`);
  if (![authorizeUrl, tokenUrl, ...(deviceUrl === null ? [] : [deviceUrl])].every(isPlain)) {
    throw new TokenError('bad_answer', `${server.issuer} names an address that is not https, or not a plain URL`);
  }
  return {
    ...{ issuer: server.issuer, authorizeUrl, tokenUrl, deviceUrl, scopes, clientId: null },
    namesIssuer: server.authorization_response_iss_parameter_supported === true,
    registersClients: registersItself(server),
  };
}
