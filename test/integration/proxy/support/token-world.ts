import { generateKeyPairSync } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { OAuth2Client } from 'google-auth-library';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import type { CredentialUse } from '../../../../access/credential-use.ts';
import type { Connection } from '../../../../access/document.ts';
import { connection } from '../../../support/access-document.ts';
import { type Origin, startOrigin } from './origin.ts';
import { createTestAuthority, type TestAuthority } from './test-authority.ts';
import { type ServerProcess, startServerProcess } from './token-servers/server-process.ts';

export const ISSUER = 'https://login.a.test';
export const CLIENT_SECRET = 'canary-client-secret-5Hq2';
export const APP_ID = 12345;
export const INSTALLATION_ID = 67890;
export const IAP_AUDIENCE = 'client-id-of-iap.apps.googleusercontent.com';
export const SERVICE_ACCOUNT = 'robot@project.iam.gserviceaccount.com';

const APIS = ['client.a.test', 'robot.a.test', 'person.a.test'];
const HOSTS = [
  ...APIS,
  'login.a.test',
  'oauth2.googleapis.com',
  'bq.a.test',
  'iap.a.test',
  'api.github.com',
  'github.com',
];

const rsa = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });

/** Hosts with TLS that issue tokens and take them. What they take is verified by code that we did not write. */
export interface TokenWorld extends AsyncDisposable {
  readonly authority: TestAuthority;
  readonly origin: Origin;
  readonly oidc: ServerProcess;
  readonly github: ServerProcess;
  readonly hosts: readonly string[];
  /** One connection of each minted kind, with the secret that belongs to it. */
  readonly connections: readonly Connection[];
  readonly secrets: Record<string, string>;
  /** How many requests a host has got for this path, or for all. */
  asked(host: string, path?: string): number;
  /** The Authorization header of each request to a host. */
  readonly authorizations: { readonly host: string; readonly path: string; readonly value: string }[];
  /** Takes the place of a host's own answer until it is deleted. */
  readonly instead: Map<string, RequestListener>;
  forget(): void;
}

export interface TokenWorldOptions {
  /** Seconds that a token of `login.a.test` lives. */
  readonly life?: number;
  /** Further hosts. */
  readonly more?: Readonly<Record<string, RequestListener>>;
}

export async function startTokenWorld({ life = 3_600, more = {} }: TokenWorldOptions = {}): Promise<TokenWorld> {
  const [robot, google, app] = [rsa(), rsa(), rsa()];
  const oidc = await startServerProcess('oidc', {
    issuer: ISSUER,
    clientSecret: CLIENT_SECRET,
    life,
    assertions: { publicKey: robot.publicKey, issuer: 'robot', subject: 'somebody' },
  });
  const github = await startServerProcess('github', {
    appId: APP_ID,
    installationId: INSTALLATION_ID,
    privateKey: app.privateKey,
    permissions: {
      contents: 'write',
      pull_requests: 'write',
      metadata: 'read',
      administration: 'write',
      issues: 'write',
    },
  });
  const googleSide = createGoogle(google.publicKey);
  const authority = await createTestAuthority();
  const requests: { host: string; path: string }[] = [];
  const authorizations: { host: string; path: string; value: string }[] = [];
  const instead = new Map<string, RequestListener>();

  const hosts = [...HOSTS, ...Object.keys(more)];
  const answers: Record<string, RequestListener> = {
    ...more,
    'login.a.test': oidc.front,
    'api.github.com': github.front,
    'oauth2.googleapis.com': googleSide.token,
    'bq.a.test': googleSide.resource,
    'iap.a.test': googleSide.iap,
    ...Object.fromEntries(
      APIS.map((host): [string, RequestListener] => [host, (...exchange) => void answerIfActive(oidc, ...exchange)]),
    ),
    'github.com': (request, response) => {
      request.resume();
      response.end(request.headers.authorization ?? 'none');
    },
  };
  const origin = await startOrigin({
    authority,
    hosts,
    onRequest(request, response) {
      const host = String(request.headers.host);
      const [path = ''] = String(request.url).split('?');
      requests.push({ host, path });
      if (request.headers.authorization) authorizations.push({ host, path, value: request.headers.authorization });
      (instead.get(host) ?? answers[host])?.(request, response);
    },
  });
  const addresses = [{ range: '127.0.0.1/32', port: origin.port }];
  const of = (id: string, host: string, credential: CredentialUse) => connection(id, host, { credential, addresses });

  return {
    authority,
    origin,
    oidc,
    github,
    hosts,
    connections: [
      of('client', 'client.a.test', {
        kind: 'oauth-client',
        tokenUrl: `${ISSUER}/token`,
        clientId: 'bellhop',
        scopes: ['read'],
        audience: null,
        clientAuth: 'basic',
      }),
      of('robot', 'robot.a.test', {
        kind: 'oauth-jwt',
        tokenUrl: `${ISSUER}/token`,
        issuer: 'robot',
        subject: 'somebody',
        audience: `${ISSUER}/token`,
        scopes: ['read'],
        keyId: null,
      }),
      of('person', 'person.a.test', {
        kind: 'oauth',
        tokenUrl: `${ISSUER}/token`,
        clientId: 'bellhop',
        scopes: [],
        clientAuth: 'basic',
      }),
      of('warehouse', 'bq.a.test', {
        kind: 'gcp',
        scopes: ['https://www.googleapis.com/auth/bigquery'],
        audience: null,
      }),
      of('behind-iap', 'iap.a.test', { kind: 'gcp', scopes: [], audience: IAP_AUDIENCE }),
      connection('github', 'api.github.com', {
        credential: {
          kind: 'github-app',
          appId: String(APP_ID),
          installationId: String(INSTALLATION_ID),
          apiUrl: 'https://api.github.com',
        },
        rules: ['api.github.com', 'github.com'].map((host) => ({
          ...(connection('x', host, { addresses }).rules[0] as Connection['rules'][number]),
        })),
      }),
    ],
    secrets: {
      client: CLIENT_SECRET,
      robot: robot.privateKey,
      person: JSON.stringify({ refresh_token: await oidc.call<string>('refreshToken'), client_secret: CLIENT_SECRET }),
      ...Object.fromEntries(['warehouse', 'behind-iap'].map((id) => [id, keyFile(google.privateKey)])),
      github: app.privateKey,
    },
    asked: (host, path) => requests.filter((each) => each.host === host && (!path || each.path === path)).length,
    authorizations,
    instead,
    forget() {
      requests.splice(0);
      authorizations.splice(0);
      origin.forget();
    },
    async [Symbol.asyncDispose]() {
      await origin[Symbol.asyncDispose]();
      await Promise.all([oidc[Symbol.asyncDispose](), github[Symbol.asyncDispose]()]);
    },
  };
}

/** A key file as Google makes them. Nobody may be led by its `token_uri`. */
function keyFile(privateKey: string): string {
  return JSON.stringify({
    type: 'service_account',
    project_id: 'project',
    private_key_id: 'key-1',
    private_key: privateKey,
    client_email: SERVICE_ACCOUNT,
    token_uri: 'https://evil.test/token',
  });
}

/** The host of an API asks the server that issued the token (RFC 7662). */
async function answerIfActive(oidc: ServerProcess, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const answer = await fetch(`${oidc.url}/token/introspection`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('api:api-secret').toString('base64')}` },
    body: new URLSearchParams({ token }),
  });
  const { active, client_id, sub } = (await answer.json()) as { active: boolean; client_id?: string; sub?: string };
  response.writeHead(active ? 200 : 401, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ active, client: client_id, sub, body: Buffer.concat(chunks).length }));
}

/** Google's token endpoint and two hosts behind it. Assertions and identity tokens are verified by Google's library. */
function createGoogle(publicKey: string) {
  const verifier = new OAuth2Client();
  const signer = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signerPem = signer.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const issued = new Map<string, string>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const form = new URLSearchParams(text);
    const say = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify(body));
    };
    try {
      if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') throw new Error('grant type');
      const assertion = String(form.get('assertion'));
      if (decodeProtectedHeader(assertion).kid !== 'key-1') throw new Error('kid');
      const audience = 'https://oauth2.googleapis.com/token';
      await verifier.verifySignedJwtWithCertsAsync(assertion, { 'key-1': publicKey }, audience, [SERVICE_ACCOUNT]);
      const claims = decodeJwt(assertion);
      if (claims.target_audience) {
        const identity = await new SignJWT({ email: SERVICE_ACCOUNT })
          .setProtectedHeader({ alg: 'RS256', kid: 'google-1' })
          .setIssuer('https://accounts.google.com')
          .setAudience(String(claims.target_audience))
          .setSubject('1')
          .setIssuedAt()
          .setExpirationTime('1h')
          .sign(signer.privateKey);
        return say(200, { id_token: identity });
      }
      const token = `ya29.canary-${issued.size}-${String(claims.jti ?? claims.iat)}`;
      issued.set(token, String(claims.scope));
      say(200, { access_token: token, expires_in: 3599, token_type: 'Bearer' });
    } catch (error) {
      say(400, { error: 'invalid_grant', error_description: String(error) });
    }
  }

  const bearer = ({ headers }: IncomingMessage) => /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
  return {
    token: ((request, response) => void answer(request, response)) as RequestListener,
    resource: ((request, response) => {
      const scope = issued.get(bearer(request));
      response.writeHead(scope === undefined ? 401 : 200);
      response.end(scope);
    }) as RequestListener,
    iap: ((request, response) => {
      verifier
        .verifySignedJwtWithCertsAsync(bearer(request), { 'google-1': signerPem }, IAP_AUDIENCE, [
          'https://accounts.google.com',
        ])
        .then(
          (ticket) => response.end(ticket.getPayload()?.email),
          () => response.writeHead(401).end(),
        );
    }) as RequestListener,
  };
}
