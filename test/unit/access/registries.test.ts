import { decide } from '../../../access/decide.ts';
import type { AccessDocument } from '../../../access/document.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import { mirrorsSchema } from '../../../access/registries/read-mirrors.ts';
import { registryDomains } from '../../../access/registries/registry-domains.ts';
import { REGISTRY_NAMES, type RegistryMirrors, type RegistryName } from '../../../contracts/registries.ts';
import { publicHost as host } from '../../../contracts/registry-hosts.ts';
import { bundle } from '../../support/access-document.ts';

/** How a request of a channel with these registries is decided. */
function outcome(names: readonly RegistryName[], request: string, mirrors: RegistryMirrors = {}): string {
  const [method = '', url = ''] = request.split(' ');
  const domains = names.flatMap((name) => registryDomains(name, mirrors));
  const document: AccessDocument = {
    version: 1,
    bundles: [bundle('registries', { domains })],
    connections: [],
    guardrails: [],
    repositoryGuardrails: [],
    scopes: [
      { scope: 'organization', label: 'organization', enabled: true, bundles: ['registries'], instructions: '' },
    ],
  };
  const { protocol, hostname, port, pathname } = new URL(url);
  const scheme = protocol === 'http:' ? 'http' : 'https';
  const target = {
    method,
    scheme,
    host: hostname,
    port: Number(port || (scheme === 'https' ? 443 : 80)),
    path: pathname,
  };
  return decide(target as Parameters<typeof decide>[0], effectiveAccess(document, 'channel:T1:C1')).outcome;
}

const READS: readonly (readonly [RegistryName, string])[] = [
  ['npm', `https://${host('npm', 0)}/left-pad`],
  ['npm', `https://${host('npm', 0)}/@types%2fnode`],
  ['npm', `https://${host('npm', 1)}/left-pad/-/left-pad-1.3.0.tgz`],
  ['pypi', `https://${host('pypi', 0)}/simple/six/`],
  ['pypi', `https://${host('pypi', 1)}/packages/b7/ce/six-1.17.0-py2.py3-none-any.whl`],
  ['crates', `https://${host('crates', 0)}/se/rd/serde`],
  ['crates', `https://${host('crates', 1)}/crates/serde/serde-1.0.0.crate`],
  ['go', `https://${host('go', 0)}/github.com/!burnt!sushi/toml/@v/list`],
  ['go', `https://${host('go', 1)}/lookup/golang.org/x/text@v0.3.0`],
  ['maven', `https://${host('maven', 0)}/maven2/org/slf4j/slf4j-api/2.0.0/slf4j-api-2.0.0.pom`],
  ['rubygems', `https://${host('rubygems', 0)}/info/rake`],
  ['rubygems', `https://${host('rubygems', 1)}/gems/rake-13.0.0.gem`],
  ['debian', `http://${host('debian', 0)}/debian/dists/bookworm/InRelease`],
];

test.each(READS)('%s lets its client read %s', (name, url) => {
  expect(outcome([name], `GET ${url}`)).toBe('forwarded');
  expect(outcome([name], `HEAD ${url}`)).toBe('forwarded');
});

test.each(READS)('without %s, %s is blocked', (name, url) => {
  const others = REGISTRY_NAMES.filter((each) => each !== name);
  expect(outcome(others, `GET ${url}`)).toBe('blocked');
});

test.each([
  `PUT https://${host('npm', 0)}/mine`,
  `POST https://${host('npm', 0)}/-/npm/v1/security/audits/quick`,
  `PUT https://${host('npm', 0)}/-/user/org.couchdb.user:me`,
  `POST https://upload.${host('pypi', 0)}/legacy/`,
  `POST https://${host('pypi', 0)}/legacy/`,
  `PUT https://${host('crates', 2)}/api/v1/crates/new`,
  `DELETE https://${host('crates', 2)}/api/v1/crates/mine/1.0.0/yank`,
  `PUT https://${host('maven', 1)}/maven2/mine/1/mine.jar`,
  `POST https://${host('rubygems', 0)}/api/v1/gems`,
  `GET https://${host('rubygems', 0)}/profiles/me`,
  `GET https://${host('pypi', 0)}/manage/account/`,
])('no registry lets anybody publish, report or log in: %s', (request) => {
  expect(outcome(REGISTRY_NAMES, request)).toBe('blocked');
});

const mirrored = (content: unknown) => mirrorsSchema.parse(content);

test('with a mirror, packages come from there alone', () => {
  const mirrors = mirrored({ npm: 'https://packages.corp.test:8443/npm/' });
  expect(outcome(['npm'], 'GET https://packages.corp.test:8443/npm/left-pad', mirrors)).toBe('forwarded');
  expect(outcome(['npm'], 'GET https://packages.corp.test:8443/maven/x', mirrors)).toBe('blocked');
  expect(outcome(['npm'], 'GET https://packages.corp.test/npm/left-pad', mirrors)).toBe('blocked');
  expect(outcome(['npm'], 'PUT https://packages.corp.test:8443/npm/left-pad', mirrors)).toBe('blocked');
  expect(outcome(['npm'], `GET https://${host('npm', 0)}/left-pad`, mirrors)).toBe('blocked');
  expect(outcome(['pypi'], `GET https://${host('pypi', 0)}/simple/six/`, mirrors)).toBe('forwarded');
});

test('hosts to which the index of a mirror refers are open as well', () => {
  const mirrors = mirrored({
    pypi: { url: 'https://index.corp.test/simple', also: ['https://files.corp.test/packages'] },
  });
  expect(outcome(['pypi'], 'GET https://files.corp.test/packages/six.whl', mirrors)).toBe('forwarded');
  expect(outcome(['pypi'], 'GET https://files.corp.test/secrets', mirrors)).toBe('blocked');
});

test('special addresses stand on every rule whose port they name, with a mirror and without', () => {
  const mirrors = mirrored({
    npm: { url: 'https://packages.corp.test/npm', addresses: ['10.1.2.0/24:443', '10.1.3.0/24:8443'] },
    pypi: { addresses: ['10.9.9.9/32:443'] },
  });
  expect(registryDomains('npm', mirrors)).toMatchObject([
    { host: 'packages.corp.test', port: 443, addresses: [{ range: '10.1.2.0/24', port: 443 }] },
  ]);
  expect(registryDomains('pypi', mirrors).map(({ host, addresses }) => [host, addresses])).toEqual([
    [host('pypi', 0), [{ range: '10.9.9.9/32', port: 443 }]],
    [host('pypi', 1), [{ range: '10.9.9.9/32', port: 443 }]],
  ]);
  expect(registryDomains('go', mirrors).every(({ addresses }) => addresses.length === 0)).toBe(true);
});

test('a rule that somebody wrote for a host of a registry comes first', () => {
  const priorities = REGISTRY_NAMES.flatMap((name) => registryDomains(name, {})).map(({ priority }) => priority);
  expect(Math.max(...priorities)).toBeLessThan(-1_000);
});

test.each([
  [{ npm: 'packages.corp.test' }, /base URL/],
  [{ npm: 'ftp://packages.corp.test/' }, /https, or http/],
  [{ npm: 'https://user:secret@packages.corp.test/' }, /give a registry that asks for a password a connection/],
  [{ npm: 'https://packages.corp.test/?token=x' }, /neither \? nor #/],
  [{ npm: 'https://10.1.2.3/npm' }, /address/],
  [{ npm: { addresses: ['10.1.2.0/24'] } }, /range and a port/],
  [{ npm: { addresses: ['169.254.169.254/32:80'] } }, /metadata/],
  [{ npm: { mirror: 'https://packages.corp.test/' } }, /mirror/],
  [{ composer: 'https://packages.corp.test/' }, /composer/],
])('%j is refused with a reason', (content, reason) => {
  const parsed = mirrorsSchema.safeParse(content);
  expect(parsed.success).toBe(false);
  expect(parsed.error?.issues.map(({ message }) => message).join()).toMatch(reason);
});
