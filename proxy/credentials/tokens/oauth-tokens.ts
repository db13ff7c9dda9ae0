import { randomUUID } from 'node:crypto';
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import type { CredentialUse } from '../../../access/credential-use.ts';
import { signAssertion } from './assertion.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import type { MintedToken } from './minted-token.ts';
import { by, clientAuthentication, partiesOf, type Refreshed, readAnswer, scopeOf } from './oauth-parties.ts';
import { parseJson } from './token-answer.ts';
import { TokenError } from './token-error.ts';

export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** RFC 7523 3 asks for a short life. */
const ASSERTION_SECONDS = 5 * 60;

type Use<Kind extends CredentialUse['kind']> = CredentialUse & { readonly kind: Kind };

/** Client credentials (RFC 6749 4.4). @param secret the client's secret @throws TokenError */
export async function mintForClient(
  fetch: GuardedFetch,
  use: Use<'oauth-client'>,
  secret: string,
): Promise<MintedToken> {
  const { server, client } = partiesOf(use.tokenUrl, use.clientId);
  const parameters = { ...scopeOf(use.scopes), ...(use.audience === null ? {} : { audience: use.audience }) };
  const authentication = clientAuthentication(use.clientAuth, secret);
  const answer = await oauth.clientCredentialsGrantRequest(server, client, authentication, parameters, by(fetch));
  return (await readAnswer(answer, server, client)).token;
}

/** JWT bearer (RFC 7523 2.1). @param secret a private key as PEM @throws TokenError */
export async function mintForAssertion(
  fetch: GuardedFetch,
  use: Use<'oauth-jwt'>,
  secret: string,
): Promise<MintedToken> {
  const { server, client } = partiesOf(use.tokenUrl, use.issuer);
  const assertion = await signAssertion(secret, {
    issuer: use.issuer,
    subject: use.subject,
    audience: use.audience,
    keyId: use.keyId,
    lifeSeconds: ASSERTION_SECONDS,
    // An endpoint may refuse an assertion that it has seen before (RFC 7523 3).
    more: { jti: randomUUID() },
  });
  const parameters = { assertion, ...scopeOf(use.scopes) };
  const answer = await oauth.genericTokenEndpointRequest(
    server,
    client,
    oauth.None(),
    JWT_BEARER,
    parameters,
    by(fetch),
  );
  return (await readAnswer(answer, server, client)).token;
}

const refreshSecret = z.object({ refresh_token: z.string().min(1), client_secret: z.string().min(1).optional() });
export type RefreshSecret = z.infer<typeof refreshSecret>;

/** Reads the secret of a connection of kind `oauth`. @throws TokenError `bad_secret` */
export function readRefreshSecret(secret: string): RefreshSecret {
  const parsed = refreshSecret.safeParse(parseJson(secret));
  if (parsed.success) return parsed.data;
  throw new TokenError('bad_secret', 'it is no JSON object with a refresh_token');
}

/** Exchanges a refresh token (RFC 6749 6). @throws TokenError */
export async function refresh(
  fetch: GuardedFetch,
  use: Use<'oauth'>,
  { refresh_token, client_secret }: RefreshSecret,
): Promise<Refreshed> {
  const { server, client } = partiesOf(use.tokenUrl, use.clientId);
  const authentication = clientAuthentication(
    client_secret === undefined ? 'none' : use.clientAuth,
    client_secret ?? '',
  );
  const additionalParameters = scopeOf(use.scopes);
  const options = { ...by(fetch), additionalParameters };
  const answer = await oauth.refreshTokenGrantRequest(server, client, authentication, refresh_token, options);
  const { token, refreshToken } = await readAnswer(answer, server, client);
  return { token, refreshToken: refreshToken === refresh_token ? null : refreshToken };
}
