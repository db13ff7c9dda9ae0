import * as oauth from 'oauth4webapi';
import type { ClientAuth } from '../../../access/credential-use.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { type MintedToken, mintedToken } from './minted-token.ts';
import { checkType, parseJson, throwIfRefused } from './token-answer.ts';
import { oauthErrorCode, TokenError } from './token-error.ts';

/** What a token endpoint returned. A new refresh token replaces the one that was sent (RFC 6749 6). */
export interface Refreshed {
  readonly token: MintedToken;
  readonly refreshToken: string | null;
}

/** The server as the library needs it. Its issuer is not known and not used: ID tokens are taken out of the answer. */
export function partiesOf(
  tokenUrl: string,
  clientId: string,
): { server: oauth.AuthorizationServer; client: oauth.Client } {
  const url = URL.canParse(tokenUrl) ? new URL(tokenUrl) : null;
  if (url?.protocol !== 'https:') throw new TokenError('bad_token_url');
  return {
    server: { issuer: url.origin, token_endpoint: tokenUrl },
    client: { client_id: clientId },
  };
}

/** How a client says who it is: in a header (`basic`), in the body (`post`), or not at all (RFC 6749 2.3). */
export function clientAuthentication(way: ClientAuth, secret: string): oauth.ClientAuth {
  switch (way) {
    case 'basic':
      return oauth.ClientSecretBasic(secret);
    case 'post':
      return oauth.ClientSecretPost(secret);
    case 'none':
      return oauth.None();
  }
}

/** Makes the library send by the guarded dialer. */
export function by(fetch: GuardedFetch) {
  return { [oauth.customFetch]: fetch };
}

/** The parameter `scope` (RFC 6749 3.3). Nothing where none is asked for: then the server decides. */
export function scopeOf(scopes: readonly string[]): Record<string, string> {
  return scopes.length === 0 ? {} : { scope: scopes.join(' ') };
}

/** Where the token is to be good (RFC 8707). */
export function resourceOf({ resource }: { readonly resource?: string | undefined }): Record<string, string> {
  return resource === undefined ? {} : { resource };
}

/** @throws TokenError */
export async function readAnswer(
  answer: Response,
  server: oauth.AuthorizationServer,
  client: oauth.Client,
): Promise<Refreshed & { readonly statedLife: boolean }> {
  await throwIfRefused(answer);
  checkType(answer);
  try {
    const read = await oauth.processGenericTokenEndpointResponse(server, client, await withoutIdToken(answer));
    if (read.token_type !== 'bearer') throw new TokenError('bad_answer', 'the token is no bearer token');
    const token = mintedToken(read.access_token, read.expires_in);
    return { token, refreshToken: read.refresh_token ?? null, statedLife: read.expires_in !== undefined };
  } catch (error) {
    if (error instanceof TokenError) throw error;
    // The message of the library tells which field is wrong. Its cause holds the answer, so it is left out.
    throw new TokenError('bad_answer', (error as Error).message);
  }
}

/** Nobody is logged in by the answer, so an ID token in it is neither checked nor used. */
async function withoutIdToken(answer: Response): Promise<Response> {
  const text = await answer.text();
  const { status, headers } = answer;
  const body: unknown = parseJson(text);
  if (typeof body !== 'object' || body === null) return new Response(text, { status, headers });
  // GitHub answers an error with status 200.
  const code = 'access_token' in body ? null : oauthErrorCode((body as { error?: unknown }).error);
  if (code) throw new TokenError(code);
  if (!('id_token' in body)) return new Response(text, { status, headers });
  return new Response(JSON.stringify({ ...body, id_token: undefined }), { status, headers });
}
