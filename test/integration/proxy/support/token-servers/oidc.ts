/**
 * An authorization server that we did not write: `oidc-provider`. It issues opaque tokens, which only its own
 * introspection can verify, and rotates refresh tokens: a second use of one ends all tokens of its grant.
 */
import http from 'node:http';
import { importSPKI, jwtVerify } from 'jose';
import { Provider } from 'oidc-provider';
import { listen, optionsOf } from './serve.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

export interface OidcOptions {
  readonly issuer: string;
  readonly clientSecret: string;
  /** Seconds that an access token lives. */
  readonly life: number;
  /** The key of the client that sends assertions, and what they have to say. */
  readonly assertions?: { readonly publicKey: string; readonly issuer: string; readonly subject: string };
}

const { issuer, clientSecret, life, assertions } = await optionsOf<OidcOptions>();
const redirect = { redirect_uris: ['https://client.test/'], response_types: ['code' as const] };

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'bellhop',
      client_secret: clientSecret,
      grant_types: ['client_credentials', 'refresh_token', 'authorization_code'],
      scope: 'read openid offline_access',
      ...redirect,
    },
    {
      client_id: 'bellhop-post',
      client_secret: clientSecret,
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
    { client_id: 'api', client_secret: 'api-secret', grant_types: [], redirect_uris: [], response_types: [] },
    ...(assertions
      ? [
          {
            client_id: assertions.issuer,
            token_endpoint_auth_method: 'none' as const,
            grant_types: [JWT_BEARER],
            redirect_uris: [],
            response_types: [],
          },
        ]
      : []),
  ],
  scopes: ['read', 'write', 'openid', 'offline_access'],
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: async () => true },
    devInteractions: { enabled: false },
  },
  ttl: { AccessToken: life, ClientCredentials: life },
  rotateRefreshToken: true,
  findAccount: async (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
});
provider.proxy = true;

if (assertions) {
  const key = await importSPKI(assertions.publicKey, 'RS256');
  const seen = new Set<unknown>();
  provider.registerGrantType(
    JWT_BEARER,
    async (ctx) => {
      const { params, client } = ctx.oidc;
      const { payload } = await jwtVerify(String(params?.assertion), key, {
        issuer: assertions.issuer,
        subject: assertions.subject,
        audience: `${issuer}/token`,
        requiredClaims: ['exp', 'iat', 'jti'],
      }).catch(() => ({ payload: null }));
      if (!client || !payload || seen.has(payload.jti)) {
        ctx.status = 400;
        ctx.body = { error: 'invalid_grant', error_description: 'the assertion is refused' };
        return;
      }
      seen.add(payload.jti);
      const token = new provider.ClientCredentials({ client, scope: String(params?.scope ?? '') });
      ctx.body = { access_token: await token.save(), token_type: 'Bearer', expires_in: life };
    },
    ['assertion', 'scope'],
  );
}

/** Tokens of clients that were issued so far. */
const issued: { destroy(): Promise<void> }[] = [];
provider.on('client_credentials.saved', (token: { destroy(): Promise<void> }) => issued.push(token));

const refreshTokens: string[] = [];
provider.on('refresh_token.saved', ({ jti }: { jti: string }) => refreshTokens.push(jti));

listen(http.createServer(provider.callback()), {
  /** Every refresh token that was issued. */
  refreshTokens: async () => refreshTokens,
  async endAllTokens() {
    await Promise.all(issued.splice(0).map((token) => token.destroy()));
  },
  /** A refresh token, as the user's consent would give it to the client. */
  async refreshToken() {
    const client = await provider.Client.find('bellhop');
    if (!client) throw new Error('no client');
    const grant = new provider.Grant({ accountId: 'a-person', clientId: client.clientId });
    grant.addOIDCScope('openid offline_access read');
    const token = new provider.RefreshToken({
      client,
      accountId: 'a-person',
      grantId: await grant.save(),
      scope: 'openid offline_access read',
      gty: 'authorization_code',
      rotations: 0,
      iiat: Math.floor(Date.now() / 1000),
      authTime: Math.floor(Date.now() / 1000),
    } as never);
    return token.save();
  },
});
