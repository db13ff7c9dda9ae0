import { grantedConnection, isByOAuth, personalAccess } from '../../../access/personal-access.ts';
import { bindingOf, bindingText } from '../../../credentials/binding.ts';
import { checkShape } from '../../../proxy/policy/document-shape.ts';
import { documentOf } from '../../support/access-document.ts';
import { fileOf, problemsIn } from '../../support/access-yaml.ts';

const ADA = 'person:T1:UADA';
const GITHUB = 'people: { offer: [{ preset: github, oauth: { client-id: abc, fromEnv: SECRET } }] }\n';

function offerOf(text: string) {
  const offer = fileOf(text).people?.offers[0];
  if (!offer || !isByOAuth(offer)) throw new Error('it is not offered by OAuth');
  return offer;
}

test('the preset says where people grant a token, and the file which client asks', () => {
  expect(offerOf(GITHUB).oauth).toEqual({
    issuer: 'https://github.com/login/oauth',
    namesIssuer: false,
    authorizeUrl: 'https://github.com/login/oauth/authorize',
    tokenUrl: 'https://github.com/login/oauth/access_token',
    deviceUrl: 'https://github.com/login/device/code',
    clientId: 'abc',
    clientAuth: 'post',
    scopes: ['repo'],
    account: { url: 'https://api.github.com/user', field: 'login' },
  });
  const { oauth } = offerOf(
    'people: { offer: [{ preset: gitlab, host: git.a.test, oauth: { client-id: 7, client-auth: none, scopes: [api], device-url: "https://git.a.test/d" } }] }\n',
  );
  expect(oauth).toMatchObject({
    ...{ clientId: '7', clientAuth: 'none', scopes: ['api'], deviceUrl: 'https://git.a.test/d' },
    ...{ tokenUrl: 'https://git.a.test/oauth/token', issuer: 'https://git.a.test' },
  });
});

test('an administrator can leave device codes out', () => {
  const text = GITHUB.replace('client-id: abc', 'client-id: abc, device-url: off');
  expect(offerOf(text).oauth.deviceUrl).toBeNull();
});

test('the secret of the client is a credential of its own, which reaches no host; a public client has none', () => {
  const { connections } = fileOf(GITHUB);
  expect(connections).toMatchObject([
    {
      ...{ id: 'oauth/github', rules: [], source: { from: 'environment', name: 'SECRET' } },
      credential: { kind: 'oauth-client', tokenUrl: 'https://github.com/login/oauth/access_token', clientId: 'abc' },
    },
  ]);
  expect(problemsIn(GITHUB)).toEqual([]);
  const open = 'people: { offer: [{ preset: github, oauth: { client-id: abc, client-auth: none } }] }\n';
  expect(fileOf(open).connections).toEqual([]);
});

test.each([
  ['{ preset: notion, oauth: { client-id: a } }', /people\.offer\[0\]\.oauth.*no authorization server of Notion/],
  ['{ preset: github, oauth: { fromEnv: A } }', /people\.offer\[0\]\.oauth\.client-id/],
  ['{ preset: github, oauth: { client-id: a, secret: b } }', /oauth\.secret.*secrets are never written here/],
  [
    '{ preset: github, oauth: { client-id: a, client-auth: none, fromEnv: A } }',
    /oauth.*has a secret beside client-auth: none/,
  ],
  ['{ preset: github, oauth: { client-id: a, fromEnv: A, fromFile: b } }', /oauth.*two sources/],
  ['{ preset: github, oauth: { client-id: a, token-url: "http://a.test/t" } }', /oauth\.token-url.*must be https/],
])('%s', (offer, message) => {
  expect(problemsIn(`people:\n  offer:\n    - ${offer}\n`).join('\n')).toMatch(message);
  expect(problemsIn(`people:\n  offer:\n    - ${offer}\n`).join('\n')).toMatch(/^bellhop\.yaml:3/);
});

test('what is granted is bound to person, client and token endpoint, and opens nothing in the other way', () => {
  const offer = offerOf(GITHUB);
  const of = (each: typeof offer, owner: typeof ADA) => bindingText(bindingOf(grantedConnection(each, owner, 7)));
  const other = { ...offer, oauth: { ...offer.oauth, tokenUrl: 'https://evil.test/token' } };
  const texts = [of(offer, ADA), of(other, ADA), of(offer, 'person:T1:UADB' as typeof ADA)];
  expect(new Set(texts).size).toBe(3);
  const people = { offers: [offer] };
  const kinds = (way: 'token' | 'oauth', offers = people) =>
    personalAccess({ people: offers, scope: ADA, principal: ADA as never, said: undefined }, [
      { connection: 'github', version: 7, way },
    ]).rules.map((rule) => (rule.from === 'connection' ? rule.connection.credential.kind : null));
  expect(new Set(kinds('token'))).toEqual(new Set(['bearer']));
  expect(new Set(kinds('oauth'))).toEqual(new Set(['oauth-grant']));
  const { oauth: _, ...pasted } = offer;
  expect(kinds('oauth', { offers: [pasted as never] })).toEqual([]);
});

test('the proxy takes a document with such an offer', () => {
  const document = { ...documentOf({}), people: { offers: [offerOf(GITHUB)] } };
  expect(checkShape(document).people).toMatchObject({ offers: [{ oauth: { clientId: 'abc' } }] });
});

const AT = 'issuer: "https://l.test", authorize-url: "https://l.test/a", token-url: "https://l.test/t"';
const server = (oauth: string, more = '') =>
  `people: { offer: [{ mcp: notes, url: "https://mcp.test/mcp", tools: read, ${more}oauth: { ${oauth} } }] }\n`;

test('for an MCP server the file says all of it, and tokens are for its address alone', () => {
  const { oauth, connection } = offerOf(server(`client-id: b, ${AT}`));
  expect(oauth).toMatchObject({ resource: 'https://mcp.test/mcp', clientAuth: 'none', deviceUrl: null, scopes: [] });
  expect(connection.mcp?.url).toBe('https://mcp.test/mcp');
  expect(grantedConnection(offerOf(server(`client-id: b, ${AT}`)), ADA, 1).credential).toMatchObject({
    ...{ kind: 'oauth-grant', resource: 'https://mcp.test/mcp' },
  });
  const confidential = fileOf(server(`client-id: b, ${AT}, fromEnv: S`));
  expect(confidential.connections).toMatchObject([{ id: 'oauth/notes', credential: { clientAuth: 'basic' } }]);
});

test.each([
  ['client-id: b', '', /oauth.*lacks issuer, authorize-url, token-url.*connections discover notes/],
  [`client-id: b, ${AT}`, 'credential: { kind: query, name: k }, ', /credential.*stands beside oauth/],
])('an MCP server with oauth { %s } and %s', (oauth, more, message) => {
  expect(problemsIn(server(oauth, more)).join('\n')).toMatch(message);
});
