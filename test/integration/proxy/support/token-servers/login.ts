/**
 * An authorization server that we did not write, where people log in: `oidc-provider` with authorization code, PKCE, device
 * authorization, rotation and RFC 9207. Whoever sends the cookie `who` is logged in as that and allows everything. Its API
 * takes its own tokens: `/api/v4/user` says whose one is.
 */
import http from 'node:http';
import { errors, Provider } from 'oidc-provider';
import { listen, optionsOf } from './serve.ts';

export interface LoginOptions {
  readonly issuer: string;
  /** Absent: the client is a public one. */
  readonly clientSecret?: string;
  readonly redirectUris: readonly string[];
  /** Seconds that an access token lives. */
  readonly life: number;
  /** The only resource for which tokens are issued (RFC 8707), by code and by dynamic registration of clients. Absent: none is known. */
  readonly resource?: string;
}

const { issuer, clientSecret, redirectUris, life, resource } = await optionsOf<LoginOptions>();

/** Every secret that was issued or sent, by its kind. */
const secrets: { readonly kind: string; readonly text: string }[] = [];
const asked: string[] = [];

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'bellhop',
      ...(clientSecret === undefined
        ? { token_endpoint_auth_method: 'none' as const }
        : { client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_post' as const }),
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      redirect_uris: [...redirectUris],
      response_types: ['code' as const],
    },
  ],
  scopes: ['openid', 'api'],
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
    ...(resource !== undefined && {
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_ctx, indicator) {
          if (indicator !== resource) throw new errors.InvalidTarget();
          return { scope: 'api', audience: resource, accessTokenFormat: 'opaque' as const };
        },
      },
    }),
  },
  ttl: { AccessToken: life, DeviceCode: 600 },
  rotateRefreshToken: true,
  issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  findAccount: async (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
});
provider.proxy = true;

for (const [event, kind] of [
  ['authorization_code.saved', 'code'],
  ['access_token.saved', 'access token'],
  ['refresh_token.saved', 'refresh token'],
  ['device_code.saved', 'device code'],
] as const) {
  provider.on(event as never, (({ jti }: { jti: string }) => secrets.push({ kind, text: jti })) as never);
}

async function interact(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const who = /who=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
  if (who === undefined) return void response.writeHead(401).end('nobody is logged in');
  if (who === 'nobody') {
    return provider.interactionFinished(
      request,
      response,
      { error: 'access_denied' },
      { mergeWithLastSubmission: false },
    );
  }
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: who } });
  }
  const grant = new provider.Grant({ accountId: session?.accountId ?? who, clientId: String(params.client_id) });
  grant.addOIDCScope(String(params.scope ?? 'openid'));
  if (resource !== undefined) grant.addResourceScope(resource, 'api');
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

async function answerApi(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const token = await provider.AccessToken.find(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
  response.writeHead(token && !token.isExpired ? 200 : 401, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ username: token?.accountId ?? null, audience: token?.aud ?? null }));
}

const handle = provider.callback();
const server = http.createServer((request, response) => {
  const path = String(request.url).split('?')[0] ?? '';
  asked.push(path);
  // As a browser knows it.
  request.headers.host = new URL(issuer).host;
  if (path.startsWith('/interaction/')) void interact(request, response).catch(() => response.writeHead(500).end());
  else if (path.startsWith('/api/')) void answerApi(request, response);
  else {
    if (path === '/token') {
      request.on('data', (chunk: Buffer) => {
        const verifier = new URLSearchParams(String(chunk)).get('code_verifier');
        if (verifier) secrets.push({ kind: 'verifier', text: verifier });
      });
    }
    void handle(request, response);
  }
});

listen(server, {
  secrets: async () => secrets,
  /** How often a path was asked for. */
  asked: async (path: string) => asked.filter((each) => each === path).length,
  /** A refresh token, as if a person had gone through the browser. */
  async refreshToken(accountId: string) {
    const client = await provider.Client.find('bellhop');
    if (!client) throw new Error('no client');
    const grant = new provider.Grant({ accountId, clientId: client.clientId });
    grant.addOIDCScope('openid api');
    const now = Math.floor(Date.now() / 1000);
    const token = new provider.RefreshToken({
      ...{ client, accountId, grantId: await grant.save(), scope: 'openid api', gty: 'authorization_code' },
      ...{ rotations: 0, iiat: now, authTime: now },
    } as never);
    return token.save();
  },
  /** As if somebody had taken back what they had allowed. */
  async endGrants() {
    for (const { kind, text } of secrets) {
      if (kind === 'refresh token') await (await provider.RefreshToken.find(text))?.destroy();
      if (kind === 'access token') await (await provider.AccessToken.find(text))?.destroy();
    }
  },
});
