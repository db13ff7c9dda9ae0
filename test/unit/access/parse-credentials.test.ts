import { fileOf, problemsIn } from '../../support/access-yaml.ts';
import { connectionOf, withConnection } from './support/connection-file.ts';

/** A connection with this credential alone. */
function withCredential(credential: string): string {
  return withConnection('host: a.test', `credential: ${credential}`);
}

describe('a credential', () => {
  test.each<[string, object]>([
    ['{ kind: bearer, fromEnv: X }', { kind: 'bearer' }],
    ['{ kind: basic, fromEnv: X }', { kind: 'basic' }],
    ['{ kind: header, name: X-Key, prefix: "v1 " }', { kind: 'header', name: 'x-key', prefix: 'v1 ' }],
    [
      '{ kind: headers, names: [DD-API-KEY, dd-application-key] }',
      { kind: 'headers', names: ['dd-api-key', 'dd-application-key'] },
    ],
    ['{ kind: query, name: api_key }', { kind: 'query', name: 'api_key' }],
    ['{ kind: body, field: apiKey }', { kind: 'body', field: 'apiKey' }],
    ['{ kind: aws-sigv4 }', { kind: 'aws-sigv4', region: null, service: null }],
    [
      '{ kind: aws-sigv4, region: eu-central-1, service: s3 }',
      { kind: 'aws-sigv4', region: 'eu-central-1', service: 's3' },
    ],
    [
      '{ kind: gcp, scopes: [https://www.googleapis.com/auth/x] }',
      { kind: 'gcp', scopes: ['https://www.googleapis.com/auth/x'], audience: null },
    ],
    [
      '{ kind: gcp, audience: 1.apps.googleusercontent.com }',
      { kind: 'gcp', scopes: [], audience: '1.apps.googleusercontent.com' },
    ],
    [
      '{ kind: oauth-client, token-url: https://Login.a.test/oauth/token, client-id: bellhop, scopes: [read] }',
      {
        kind: 'oauth-client',
        tokenUrl: 'https://login.a.test/oauth/token',
        clientId: 'bellhop',
        scopes: ['read'],
        audience: null,
        clientAuth: 'basic',
      },
    ],
    [
      '{ kind: oauth-jwt, token-url: https://login.a.test/token, issuer: 123, key-id: k1 }',
      {
        kind: 'oauth-jwt',
        tokenUrl: 'https://login.a.test/token',
        issuer: '123',
        subject: '123',
        audience: 'https://login.a.test/token',
        scopes: [],
        keyId: 'k1',
      },
    ],
    [
      '{ kind: oauth, token-url: "https://login.a.test:8443/t?x=1", client-id: app, client-auth: none }',
      { kind: 'oauth', tokenUrl: 'https://login.a.test:8443/t?x=1', clientId: 'app', scopes: [], clientAuth: 'none' },
    ],
    [
      '{ kind: github-app, app-id: 12345, installation-id: "67890" }',
      { kind: 'github-app', appId: '12345', installationId: '67890', apiUrl: 'https://api.github.com' },
    ],
    [
      '{ kind: github-app, app-id: 1, installation-id: 2, api-url: https://git.a.test/api/v3/ }',
      { kind: 'github-app', appId: '1', installationId: '2', apiUrl: 'https://git.a.test/api/v3' },
    ],
    ['{ kind: mtls, fromFile: client.pem }', { kind: 'mtls' }],
  ])('%s is read', (credential, use) => {
    expect(fileOf(withCredential(credential)).connections[0]?.credential).toEqual(use);
  });

  test.each<[string, string]>([
    ['{ kind: bearer, token: x }', 'token: unknown key; secrets are never written here'],
    ['{ kind: headers, names: [x-key, X_KEY] }', 'names[1]: is no header name'],
    ['{ kind: headers, names: [x-key, X-Key] }', 'names: has a name twice'],
    ['{ kind: headers, names: [] }', 'names: is empty'],
    ['{ kind: headers, names: [host] }', 'names[0]: is a header of the transport itself'],
    ['{ kind: query, name: "a=b" }', 'name: is no name of a parameter'],
    ['{ kind: query }', 'name: is missing'],
    ['{ kind: body, field: "a\\nb" }', 'field: is no name of a field'],
    ['{ kind: gcp }', 'credential: needs one of scopes (for an access token) and audience'],
    ['{ kind: gcp, scopes: [a], audience: b }', 'credential: needs one of scopes'],
    ['{ kind: oauth-client, client-id: a }', 'token-url: is missing'],
    ['{ kind: oauth-client, token-url: https://a.test/t }', 'client-id: must be an id'],
    ['{ kind: oauth-client, token-url: http://a.test/t, client-id: a }', 'token-url: must be https'],
    ['{ kind: oauth-client, token-url: a.test/t, client-id: a }', 'token-url: must be a whole URL'],
    ['{ kind: oauth-client, token-url: "https://u:p@a.test/t", client-id: a }', 'token-url: must be a whole URL'],
    ['{ kind: oauth-client, token-url: "https://a.test/t#x", client-id: a }', 'token-url: must be a whole URL'],
    [
      '{ kind: oauth-client, token-url: "https://127.0.0.1/t", client-id: a }',
      'token-url: has a host that is an IP address',
    ],
    [
      '{ kind: oauth-client, token-url: "https://0x7f.1/t", client-id: a }',
      'token-url: has a host that is an IP address',
    ],
    [
      '{ kind: oauth-client, token-url: "https://localhost/t", client-id: a }',
      'token-url: has a host that is this machine',
    ],
    [
      '{ kind: oauth-client, token-url: "https://metadata.google.internal/t", client-id: a }',
      'token-url: has a host that is a metadata',
    ],
    ['{ kind: oauth-client, token-url: "https://*.a.test/t", client-id: a }', 'token-url: has a wildcard'],
    ['{ kind: oauth-client, token-url: https://a.test/t, client-id: a, scopes: ["a b"] }', 'scopes[0]: is no scope'],
    ['{ kind: github-app, app-id: 1 }', 'installation-id: must be an id'],
    ['{ kind: aws-sigv4, region: "EU central" }', 'region: is no region'],
    ['{ kind: mtls, fromCommand: [] }', 'fromCommand: is empty'],
    ['{ kind: mtls, fromCommand: op read x }', 'fromCommand: must be a list'],
    ['{ kind: mtls, fromFile: a, fromCommand: [b] }', 'credential: has two sources'],
    ['{ kind: cookie }', 'kind: must have a kind: bearer'],
  ])('%s is refused', (credential, problem) => {
    const at = problem.startsWith('credential') ? 'crm.' : 'crm.credential.';
    expect(problemsIn(withCredential(credential)).join('\n')).toContain(`bellhop.yaml:7: connections.${at}${problem}`);
  });

  test('comes from the environment, a file, a command, or is the stored one', () => {
    const sources = ['fromEnv: X', 'fromFile: x.pem', 'fromCommand: [op, read, "op://ops/x"]', 'kind: bearer'];
    const read = sources.map(
      (source) =>
        connectionOf('host: a.test', `credential: { kind: bearer, ${source.replace('kind: bearer', '')} }`).source,
    );
    expect(read).toEqual([
      { from: 'environment', name: 'X' },
      { from: 'file', path: 'x.pem' },
      { from: 'command', argv: ['op', 'read', 'op://ops/x'] },
      { from: 'stored' },
    ]);
  });
});
