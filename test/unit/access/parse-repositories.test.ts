import type { RepositoryGrant } from '../../../access/document.ts';
import { fileOf, problemsIn } from '../../support/access-yaml.ts';

const CONNECTIONS = `
  hub: { preset: github, credential: { kind: github-app, app-id: 1, installation-id: 2 } }
  hub-token: { host: api.github.com, credential: { kind: bearer } }
  enterprise: { host: git.corp.test, credential: { kind: bearer } }
  lab: { preset: gitlab, credential: { kind: bearer } }
  tea: { preset: gitea, host: git.acme.test, credential: { kind: basic } }
  corp: { host: git.corp.test, forge: github, credential: { kind: bearer } }
  two: { forge: gitea, rules: [{ inject: [a.test, b.test], ports: [8443] }], credential: { kind: basic } }
  odd: { rules: [{ inject: [a.test, b.test], ports: [8443] }], credential: { kind: basic } }
`;

/** A bundle with one repository, on line 4. */
function withRepository(connections: string, repository: string): string {
  return `organization: { bundles: [code] }
bundles:
  code:
    repositories: [${repository}]
    connections: [${connections}]
connections:${CONNECTIONS}`;
}

function grantOf(connections: string, repository: string): RepositoryGrant | undefined {
  return fileOf(withRepository(connections, repository)).bundles[0]?.repositories[0];
}

/** Without warnings of connections that no bundle has. */
function problemsOf(connections: string, repository: string): string[] {
  return problemsIn(withRepository(connections, repository)).filter((problem) => !problem.endsWith('is in no bundle'));
}

const HUB = {
  kind: 'github',
  gitHost: 'github.com',
  gitPort: 443,
  apiHost: 'api.github.com',
  apiPort: 443,
  apiPath: '',
};

test('a repository is on GitHub, by the only connection of the bundle that is for GitHub', () => {
  expect(grantOf('hub, odd', '{ repository: acme/shop, access: propose }')).toEqual({
    repository: 'acme/shop',
    access: 'propose',
    branches: [],
    connection: 'hub',
    forge: HUB,
    line: 4,
  });
});

test.each([
  [
    'lab',
    '{ repository: group/sub/shop, access: read }',
    { kind: 'gitlab', gitHost: 'gitlab.com', apiPath: '/api/v4' },
  ],
  [
    'tea',
    '{ repository: acme/shop, access: read }',
    { kind: 'gitea', gitHost: 'git.acme.test', apiHost: 'git.acme.test', apiPath: '/api/v1' },
  ],
  ['tea, hub', '{ repository: acme/shop, access: read, forge: gitea }', { kind: 'gitea', gitHost: 'git.acme.test' }],
  ['hub, tea', '{ repository: acme/shop, access: read, connection: tea }', { kind: 'gitea' }],
  [
    'corp',
    '{ repository: acme/shop, access: read }',
    { kind: 'github', gitHost: 'git.corp.test', apiHost: 'git.corp.test', apiPath: '/api/v3' },
  ],
  [
    'two',
    '{ repository: acme/shop, access: read, host: b.test }',
    { kind: 'gitea', gitHost: 'b.test', gitPort: 8443, apiPort: 8443 },
  ],
])('with the connections %s, the forge of %s is found', (connections, repository, forge) => {
  expect(grantOf(connections, repository)?.forge).toMatchObject(forge);
});

test('write names its branches', () => {
  expect(grantOf('hub', '{ repository: acme/docs, access: write, branches: [main, "docs/*", "v*"] }')).toMatchObject({
    access: 'write',
    branches: ['main', 'docs/*', 'v*'],
  });
});

test.each([
  ['hub', '{ repository: acme, access: read }', '.repository: must be owner/name'],
  ['hub', '{ repository: acme/../x, access: read }', '.repository: must be owner/name'],
  ['hub', '{ repository: "*/shop", access: read }', '.repository: must be owner/name'],
  ['hub', '{ repository: "acme/sh*", access: read }', '.repository: must be owner/name'],
  ['hub', '{ repository: acme/shop, access: admin }', '.access: must be read or propose or write'],
  ['hub', '{ repository: acme/shop, access: write }', '.branches: is missing: write says which branches'],
  ['hub', '{ repository: acme/shop, access: propose, branches: [main] }', '.branches: stands beside propose'],
  ['hub', '{ repository: acme/shop, access: write, branches: ["a..b"] }', '.branches[0]: is no branch'],
  ['hub', '{ repository: acme/shop, access: write, branches: [-x] }', '.branches[0]: is no branch'],
  ['', '{ repository: acme/shop, access: read }', ': needs a connection to GitHub'],
  ['lab', '{ repository: acme/shop, access: read, forge: github }', ': needs a connection to GitHub'],
  ['hub-token', '{ repository: acme/shop, access: read }', ': needs a connection to GitHub'],
  ['hub, lab', '{ repository: acme/shop, access: read }', ': could use hub or lab: say which by connection'],
  ['hub', '{ repository: acme/shop, access: read, connection: tea }', ': its connection tea is not among'],
  [
    'hub-token',
    '{ repository: acme/shop, access: read, connection: hub-token }',
    ': its connection hub-token attaches no credential to github.com',
  ],
  [
    'tea',
    '{ repository: acme/shop, access: read, host: other.test }',
    ': its connection tea attaches no credential to other.test',
  ],
  [
    'odd',
    '{ repository: acme/shop, access: read, forge: gitea, connection: odd }',
    ': its connection odd has several hosts',
  ],
  ['tea', '{ repository: acme/shop, access: read, host: "*.a.test" }', '.host: is one server'],
  [
    'enterprise',
    '{ repository: acme/shop, access: read, connection: enterprise }',
    ': its connection enterprise is not said to be for a forge: write `forge: github` in that connection',
  ],
  [
    'odd',
    '{ repository: acme/shop, access: read, forge: gitea, connection: odd, host: b.test }',
    ': its connection odd is not said to be for a forge: write `forge: gitea` in that connection',
  ],
  [
    'tea',
    '{ repository: acme/shop, access: read, forge: gitlab, connection: tea }',
    ': its connection tea is for Gitea, and not for GitLab',
  ],
])('with the connections [%s], %s is refused', (connections, repository, problem) => {
  expect(problemsOf(connections, repository).join('\n')).toContain(
    `bellhop.yaml:4: bundles.code.repositories[0]${problem}`,
  );
});

test('a grant for all repositories of an owner is a warning', () => {
  expect(problemsOf('hub', '{ repository: "acme/*", access: read }')).toEqual([
    'bellhop.yaml:4: bundles.code.repositories[0]: acme/* covers every repository of this owner, also future ones',
  ]);
});

test('registries are names of those that are known', () => {
  const file = 'organization: { bundles: [r] }\nbundles:\n  r: { registries: [npm, pypi] }\n';
  expect(fileOf(file).bundles[0]?.registries).toEqual(['npm', 'pypi']);
  expect(problemsIn(file.replace('pypi', 'pip')).join()).toContain(
    'bundles.r.registries[1]: is no registry that is known: npm,',
  );
  expect(problemsIn(file.replace('pypi', 'npm')).join()).toContain('bundles.r.registries: has a name twice');
});
