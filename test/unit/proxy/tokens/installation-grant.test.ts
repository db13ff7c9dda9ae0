import type { EffectiveAccess } from '../../../../access/decision.ts';
import type { RepositoryGrant } from '../../../../access/document.ts';
import { installationAuthorization } from '../../../../proxy/credentials/tokens/github-tokens.ts';
import {
  installationGrant,
  permissionsFor,
  repositoriesOf,
} from '../../../../proxy/credentials/tokens/installation-grant.ts';

const granted = (...grants: [repository: string, access: RepositoryGrant['access'], connection?: string][]) =>
  grants.map(([repository, access, connection = 'github']) => ({
    grant: { repository, access, branches: [], connection },
  })) as unknown as EffectiveAccess['repositories'];

test('equal grants are equal, in whatever order and spelling the bundles name them', () => {
  const one = installationGrant(
    granted(['Acme/Shop', 'read'], ['acme/docs', 'propose'], ['acme/shop', 'read']),
    'github',
  );
  const other = installationGrant(granted(['acme/docs', 'propose'], ['acme/shop', 'read']), 'github');
  expect(one).toEqual(other);
  expect(one).toEqual({ repositories: ['acme/docs', 'acme/shop'], canPush: true });
});

test('grants of other connections do not count', () => {
  const grant = installationGrant(granted(['acme/shop', 'read'], ['acme/docs', 'write', 'other']), 'github');
  expect(grant).toEqual({ repositories: ['acme/shop'], canPush: false });
});

test('reading asks for reading only, whatever the installation may do', () => {
  const has = { contents: 'write', administration: 'write', issues: 'write', pull_requests: 'write', metadata: 'read' };
  expect(permissionsFor({ repositories: ['a/b'], canPush: false }, has)).toEqual({
    contents: 'read',
    issues: 'read',
    metadata: 'read',
    pull_requests: 'read',
  });
});

test('pushing asks for contents and pull requests, and never for workflows', () => {
  const has = { contents: 'write', workflows: 'write', secrets: 'write', pull_requests: 'write', actions: 'write' };
  expect(permissionsFor({ repositories: ['a/b'], canPush: true }, has)).toEqual({
    contents: 'write',
    pull_requests: 'write',
    actions: 'read',
  });
  expect(permissionsFor({ repositories: ['a/b'], canPush: true }, { contents: 'read' })).toEqual({ contents: 'read' });
});

test('repositories of other accounts are left out, and an owner as a whole is no list', () => {
  const grant = { repositories: ['acme/docs', 'acme/shop', 'acme2/x', 'other/y'], canPush: false };
  expect(repositoriesOf(grant, 'Acme')).toEqual(['docs', 'shop']);
  expect(repositoriesOf(grant, 'nobody')).toEqual([]);
  expect(repositoriesOf({ repositories: ['acme/*', 'acme/shop'], canPush: false }, 'Acme')).toBeNull();
  expect(repositoriesOf({ repositories: ['other/*'], canPush: false }, 'Acme')).toEqual([]);
});

test.each([
  ['/acme/shop.git/info/refs', 'Basic'],
  ['/acme/shop/git-upload-pack', 'Basic'],
  ['/acme/shop.git/git-receive-pack', 'Basic'],
  ['/acme/shop.git/info/lfs/objects/batch', 'Basic'],
  ['/repos/acme/shop', 'Bearer'],
  ['/repos/acme/shop/git/refs', 'Bearer'],
  ['/api/v3/repos/acme/shop/contents/info/refs.md', 'Bearer'],
  ['/graphql', 'Bearer'],
])('the token goes to %s as %s', (path, scheme) => {
  const value = installationAuthorization('ghs_x', path);
  expect(value.split(' ')[0]).toBe(scheme);
  const token = Buffer.from('x-access-token:ghs_x').toString('base64');
  expect(value).toBe(scheme === 'Basic' ? `Basic ${token}` : 'Bearer ghs_x');
});
