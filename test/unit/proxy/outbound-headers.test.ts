import { outboundHeaders } from '../../../proxy/request/outbound-headers.ts';
import { carriesCredentials, credentialHeaders, strippedQuery } from '../../../proxy/request/own-credentials.ts';
import type { HeaderList, RequestHead } from '../../../proxy/request/request-head.ts';
import { responseHeaders } from '../../../proxy/request/response-headers.ts';

const NO_ACCESS = {
  scope: 'organization',
  policyVersion: 1,
  enabled: true,
  guardrails: [],
  repositoryGuardrails: [],
  rules: [],
  repositories: [],
  forges: [],
  registries: [],
  servers: [],
  toolGuardrails: [],
  instructions: [],
} as const;

function head(headers: HeaderList, framing: RequestHead['framing'] = { kind: 'none' }): RequestHead {
  return { method: 'GET', target: '/', headers, host: 'a.test', framing };
}

test('headers of the connection, of proxies and of routing never leave', () => {
  const sent: HeaderList = [
    ['host', 'evil.test'],
    ['proxy-authorization', 'Basic x'],
    ['proxy-connection', 'keep-alive'],
    ['keep-alive', '1'],
    ['te', 'trailers'],
    ['trailer', 'x'],
    ['upgrade', 'h2c'],
    ['http2-settings', 'x'],
    ['transfer-encoding', 'chunked'],
    ['expect', '100-continue'],
    ['x-forwarded-host', 'evil.test'],
    ['x_forwarded_for', '127.0.0.1'],
    ['X.HTTP.Method.Override', 'DELETE'],
    ['forwarded', 'host=evil.test'],
    ['x-original-url', '/admin'],
    ['x-rewrite-url', '/admin'],
    ['x-envoy-original-dst-host', '127.0.0.1:80'],
    ['X_Original_URI', '/admin'],
    ['x-override-url', '/admin'],
    ['x-http-path-override', '/admin'],
    ['x-http-method-override', 'DELETE'],
    ['Sudo', 'root'],
    ['x-agent-proxy', 'blocked'],
    ['accept', '*/*'],
  ];
  const headers = outboundHeaders({ head: head(sent), host: 'a.test', strip: null, replaced: [] });
  expect(headers).toEqual([
    ['host', 'a.test'],
    ['accept', '*/*'],
  ]);
});

test('the headers that Connection names go, and those that the credential replaces', () => {
  const sent: HeaderList = [
    ['connection', 'Authorization, x-mine'],
    ['authorization', 'Bearer theirs'],
    ['x-mine', '1'],
    ['X_Ours', 'theirs'],
    ['x-kept', '1'],
  ];
  const headers = outboundHeaders({ head: head(sent), host: 'a.test', strip: null, replaced: ['x-ours'] });
  expect(headers).toEqual([
    ['host', 'a.test'],
    ['x-kept', '1'],
  ]);
});

test('Connection takes away nothing about the body, which has each header in one spelling alone', () => {
  const sent: HeaderList = [
    ['connection', 'Content-Type, content_encoding, x-mine'],
    ['content-type', 'application/json'],
    ['content_type', 'application/x-www-form-urlencoded'],
    ['content-encoding', 'gzip'],
    ['x-mine', '1'],
  ];
  const headers = outboundHeaders({ head: head(sent), host: 'a.test', strip: null, replaced: [] });
  expect(headers).toEqual([
    ['host', 'a.test'],
    ['content-type', 'application/json'],
    ['content-encoding', 'gzip'],
  ]);
});

test("the sandbox's own credentials are stripped under every spelling of their names", () => {
  const sent: HeaderList = [
    ['authorization', 'Bearer theirs'],
    ['cookie', 'a=b'],
    ['x-api-key', 'theirs'],
    ['x_api_key', 'theirs'],
    ['x-kept', '1'],
  ];
  const strip = credentialHeaders('a.test', NO_ACCESS);
  expect(outboundHeaders({ head: head(sent), host: 'a.test', strip, replaced: [] })).toEqual([
    ['host', 'a.test'],
    ['x-kept', '1'],
  ]);
  expect(carriesCredentials(sent, '', strip)).toBe(true);
  expect(carriesCredentials([['x-kept', '1']], '?a=b', strip)).toBe(false);
  expect(carriesCredentials([], '?access%5Ftoken=x', strip)).toBe(true);
});

test('tokens in the query are stripped and the rest stays byte for byte', () => {
  expect(strippedQuery('?a=1&Access_Token=x&b=%20+&api%5fkey=y')).toBe('?a=1&b=%20+');
  expect(strippedQuery('?private_token=x')).toBe('');
  expect(strippedQuery('?a==&&b')).toBe('?a==&&b');
});

test.each([
  ['?a=b;access_token=x', '?a=b'],
  ['?access_token=x;a=b&c', '?a=b&c'],
  ['?access_token[]=x&a', '?a'],
  ['?access.token=x&a', '?a'],
  ['?a&accessToken=x', '?a'],
  ['?+access_token=x', ''],
  ['?%61ccess_token%00y=x&%FF', '?%FF'],
  [
    '?token=x&page_token=y&nextToken=z&continuation-token=a&key=PROJ-1',
    '?page_token=y&nextToken=z&continuation-token=a&key=PROJ-1',
  ],
  ['?X-Goog-Signature=1&sig=2&x', '?x'],
  ['?&a;&b=;', '?&a;&b=;'],
  ['?', '?'],
])('the query %s goes on as %s', (query, stripped) => {
  expect(strippedQuery(query)).toBe(stripped);
});

test.each([
  [
    'Authorization',
    'Cookie',
    'X-Api-Key',
    'X_API_KEY',
    'Api-Key',
    'ApiKey',
    'X-Auth-Key',
    'X-Auth-Email',
    'X-Vault-Token',
  ],
  ['X-NuGet-ApiKey', 'X-JFrog-Art-Api', 'X-Shopify-Access-Token', 'DD-API-KEY', 'DD-APPLICATION-KEY', 'Circle-Token'],
  [
    'Ocp-Apim-Subscription-Key',
    'x-functions-key',
    'X-Amz-Security-Token',
    'X-Sentry-Auth',
    'X-Session-Id',
    'X-Client-Secret',
  ],
  ['X-CSRF-Token', 'X-GitHub-Token', 'npm-auth-type', 'Private-Token', 'JOB-TOKEN', 'X-JWT-Assertion'],
])('%s and their like are credentials', (...names) => {
  const isCredential = credentialHeaders('a.test', NO_ACCESS);
  expect(names.filter((name) => !isCredential(name))).toEqual([]);
});

test('a header that only sounds like a credential is passed on', () => {
  const isCredential = credentialHeaders('a.test', NO_ACCESS);
  const names = [
    'Idempotency-Key',
    'Mcp-Session-Id',
    'Lock-Token',
    'Author',
    'X-Tokenizer',
    'Sec-Fetch-Mode',
    'Accept',
    'X-Ms-Continuation',
    'Surrogate-Key',
    'X-Goog-Api-Client',
    'X-Ms-Session-Token',
    'Content-Type',
    'X-Keyboard',
    'X-Amz-Content-Sha256',
  ];
  expect(names.filter((name) => isCredential(name))).toEqual([]);
});

test('the length of a body is said once, by us', () => {
  const sent: HeaderList = [['content-length', '5']];
  const headers = outboundHeaders({
    head: head(sent, { kind: 'length', length: 5 }),
    host: 'a',
    strip: null,
    replaced: [],
  });
  expect(headers).toEqual([
    ['host', 'a'],
    ['content-length', '5'],
  ]);
});

test('an answer keeps its headers, except those of its connection and those only the proxy sends', () => {
  const raw = [
    'Content-Type',
    'text/plain',
    'Set-Cookie',
    'a',
    'Set-Cookie',
    'b',
    'Connection',
    'close, X-Hop',
    'X-Hop',
    '1',
    'Content-Length',
    '3',
    'Transfer-Encoding',
    'chunked',
    'Alt-Svc',
    'h3',
    'X-Agent-Proxy',
    'forged',
    'Proxy-Authenticate',
    'x',
  ];
  expect(responseHeaders(raw, 200)).toEqual([
    'Content-Type',
    'text/plain',
    'Set-Cookie',
    'a',
    'Set-Cookie',
    'b',
    'Content-Length',
    '3',
  ]);
});

test('the placeholder for a token leaves to nobody, whatever the rule for own credentials', () => {
  const token = 'placeholder-the-agent-proxy-attaches-the-real-token';
  const sent: HeaderList = [
    ['authorization', `token ${token}`],
    ['proxy-x', token],
    ['x-own', `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`],
    ['x-kept', 'token'],
  ];
  expect(outboundHeaders({ head: head(sent), host: 'a.test', strip: null, replaced: [] })).toEqual([
    ['host', 'a.test'],
    ['x-kept', 'token'],
  ]);
});
