import { endpointOf } from '../../../../proxy/git/endpoint.ts';
import { asGitCredential } from '../../../../proxy/git/git-credential.ts';
import { withoutForgeCredentials } from '../../../../proxy/git/lfs-answer.ts';

const GITHUB = {
  kind: 'github',
  gitHost: 'github.com',
  gitPort: 443,
  apiHost: 'api.github.com',
  apiPort: 443,
  apiPath: '',
} as const;
const GITEA = { ...GITHUB, kind: 'gitea', gitHost: 'git.test', apiHost: 'git.test', apiPath: '/api/v1' } as const;
const GITLAB = { ...GITEA, kind: 'gitlab', apiPath: '/api/v4' } as const;
const ENTERPRISE = { ...GITEA, kind: 'github', apiPath: '/api/v3' } as const;

function at(
  forge: typeof GITHUB | typeof GITEA | typeof GITLAB | typeof ENTERPRISE,
  method: string,
  path: string,
  host: string = forge.gitHost,
) {
  const [name = '', query] = path.split('?');
  return endpointOf({ method, host, port: 443, path: name, query: query === undefined ? '' : `?${query}` }, forge);
}

test.each([
  ['GET', '/a/b.git/info/refs?service=git-upload-pack', 'fetch'],
  ['GET', '/a/b/info/refs?service=git-upload-pack', 'fetch'],
  ['POST', '/a/b.git/git-upload-pack', 'fetch'],
  ['GET', '/a/b.git/info/refs?service=git-receive-pack', 'advertise-push'],
  ['POST', '/a/b.git/git-receive-pack', 'push'],
  ['POST', '/a/b.git/info/lfs/objects/batch', 'lfs-batch'],
  ['GET', '/a/b.git/info/lfs/objects/abc', 'lfs-download'],
  ['PUT', '/a/b.git/info/lfs/objects/abc/12', 'lfs-upload'],
  ['POST', '/a/b.git/info/lfs/verify', 'lfs-upload'],
  ['POST', '/a/b.git/info/lfs/locks/verify', 'lfs-upload'],
  ['POST', '/a/b.git/info/lfs/locks', 'lfs-lock'],
  ['POST', '/a/b.git/info/lfs/locks/7/unlock', 'lfs-lock'],
  ['GET', '/a/b/archive/main.tar.gz', 'download'],
] as const)('%s %s is %s', (method, path, kind) => {
  expect(at(GITEA, method, path)).toEqual({ kind, repository: 'a/b' });
});

test.each([
  ['GET', '/a/b.git/info/refs'],
  ['GET', '/a/b.git/info/refs?service=git-upload-pack&service=git-receive-pack'],
  ['GET', '/a/b.git/info/refs?service=git-upload-archive'],
  ['POST', '/a/b.git/info/refs?service=git-upload-pack'],
  ['GET', '/a/b.git/git-receive-pack'],
  ['GET', '/a/b.git/HEAD'],
  ['GET', '/a/b.git/objects/info/packs'],
  ['PUT', '/a/b.git/info/lfs/objects/batch/x/y'],
  ['DELETE', '/a/b.git/info/lfs/objects/abc'],
  ['POST', '/git-receive-pack'],
  ['POST', '/a/git-receive-pack'],
  ['POST', '/a/b/c.git/git-receive-pack'],
  ['POST', '/a/%2E%2E/git-receive-pack'],
  ['POST', '/a/b%2Fc/git-receive-pack'],
  ['GET', '/login'],
  ['POST', '/a/b/settings'],
])('%s %s is refused', (method, path) => {
  expect(at(GITEA, method, path).kind).toBe('unknown');
});

test('the API is told by host and prefix', () => {
  expect(at(GITHUB, 'GET', '/repos/a/b', 'api.github.com')).toEqual({ kind: 'api', path: '/repos/a/b' });
  expect(at(GITEA, 'GET', '/api/v1/repos/a/b')).toEqual({ kind: 'api', path: '/repos/a/b' });
  expect(at(ENTERPRISE, 'POST', '/api/graphql')).toEqual({ kind: 'api', path: '/graphql' });
  expect(at(GITEA, 'GET', '/api/v10/repos/a/b').kind).toBe('unknown');
  expect(at(GITLAB, 'POST', '/g/sub/app.git/git-receive-pack')).toEqual({ kind: 'push', repository: 'g/sub/app' });
});

test.each([
  ['GET', '/g/web/archive/secret/-/raw/main/f', { kind: 'download', repository: 'g/web/archive/secret' }],
  ['GET', '/g/web/-/raw/main/archive/x.git/-/raw/y', { kind: 'download', repository: 'g/web' }],
  ['GET', '/g/web/-/archive/feat/x/web.tar.gz', { kind: 'download', repository: 'g/web' }],
  [
    'GET',
    '/g/web/archive/secret.git/info/refs?service=git-upload-pack',
    { kind: 'fetch', repository: 'g/web/archive/secret' },
  ],
  ['GET', '/g/web/raw/secret/info/refs?service=git-upload-pack', { kind: 'fetch', repository: 'g/web/raw/secret' }],
  ['POST', '/g/media/releases/secret.git/git-receive-pack', { kind: 'push', repository: 'g/media/releases/secret' }],
  ['POST', '/g/git-tools/app.git/git-upload-pack', { kind: 'fetch', repository: 'g/git-tools/app' }],
  ['POST', '/g/git-app/git-upload-pack', { kind: 'fetch', repository: 'g/git-app' }],
  ['GET', '/g/objects/info/app.git/info/lfs/objects/abc', { kind: 'lfs-download', repository: 'g/objects/info/app' }],
  ['PUT', '/g/app.git/gitlab-lfs/objects/abc/12', { kind: 'lfs-upload', repository: 'g/app' }],
])('on GitLab, %s %s names its whole repository', (method, path, endpoint) => {
  expect(at(GITLAB, method, path)).toEqual(endpoint);
});

test.each([
  // Without `-` this may be a page of the repository g/web/archive/secret.
  ['GET', '/g/web/archive/secret/x'],
  ['GET', '/g/web/raw/main/f'],
  ['GET', '/g/web/media/secret/info/lfs/objects/abc'],
  ['GET', '/g/web.git/raw/main/f'],
  ['GET', '/g/web.git/-/raw/main/f'],
  ['GET', '/g/web.git/x.git/info/refs?service=git-upload-pack'],
  ['GET', '/g/-/raw/main/f'],
  ['GET', '/g/web/-/web.git/info/refs?service=git-upload-pack'],
])('on GitLab, %s %s is refused', (method, path) => {
  expect(at(GITLAB, method, path).kind).toBe('unknown');
});

test('a repository may be called like a part of a path of git', () => {
  for (const name of ['git-tools', 'raw', 'archive', 'objects', 'info', 'releases']) {
    for (const forge of [GITHUB, GITEA]) {
      const repository = `acme/${name}`;
      const service = 'info/refs?service=git-upload-pack';
      expect(at(forge, 'GET', `/${repository}.git/${service}`)).toEqual({ kind: 'fetch', repository });
      expect(at(forge, 'GET', `/${repository}/${service}`)).toEqual({ kind: 'fetch', repository });
      expect(at(forge, 'GET', `/${repository}/raw/x.git/y`)).toEqual({ kind: 'download', repository });
    }
  }
});

test.each([
  '/repos/a/b/..%2F..%2Fc%2Fsecret',
  '/repos/a/b/contents/..%2Fbranches%2Fmain',
  '/repos/a/b/contents/..;/branches/main',
  '/repos/a/b/contents/..;x=y/branches/main',
  '/repos/a/b/contents/.%2Fx',
  '/repos/a/b/contents/x%2F..',
  '/repos/a/b/contents/%252E%252E/branches/main',
  '/repos/a/b/contents/..%252Fbranches%252Fmain',
  '/repos/a/b/contents/..%5Cbranches%5Cmain',
  '/repos/a/b/contents/..%3Fx/branches',
  '/repos/a/b/contents/..%20/branches',
  '/repos/a/b/contents/..%00/branches',
  '/repos/a/b/contents/%C0%AE%C0%AE/branches/main',
  '/repos/a/b/contents/%EF%BC%8E%EF%BC%8E/branches/main',
])('%s might lead elsewhere, and is refused', (path) => {
  expect(at(GITEA, 'GET', `/api/v1${path}`).kind).toBe('unknown');
  expect(at(GITEA, 'DELETE', `/api/v1${path}`).kind).toBe('unknown');
  expect(at(GITHUB, 'GET', path, 'api.github.com').kind).toBe('unknown');
  expect(at(GITHUB, 'GET', `/a/b/raw${path}`).kind).toBe('unknown');
  expect(at(GITHUB, 'GET', `/a/b${path}`, 'raw.githubusercontent.com').kind).toBe('unknown');
  expect(at(GITLAB, 'GET', `/api/v4${path}`).kind).toBe('unknown');
});

test.each([
  '/projects/g%2Fsub%2Fapp/repository/branches/bellhop%2Ffix',
  '/projects/g%2Fapp/repository/files/src%2F.github%2Fa%20b;c.ts/raw',
  '/repos/a/b/compare/main...bellhop%2Ffix',
  '/repos/a/b/compare/v1..v2',
  '/repos/a/b/contents/.github/..hidden/a.b.',
  '/repos/a/b/contents/%E6%97%A5%E6%9C%AC.md',
])('%s is an honest path of the API', (path) => {
  expect(at(GITLAB, 'GET', `/api/v4${path}`)).toEqual({ kind: 'api', path });
  expect(at(GITEA, 'GET', `/api/v1${path}`)).toEqual({ kind: 'api', path });
});

test('other hosts of GitHub are only read', () => {
  expect(at(GITHUB, 'GET', '/a/b/main/x', 'raw.githubusercontent.com')).toEqual({
    kind: 'download',
    repository: 'a/b',
  });
  expect(at(GITHUB, 'POST', '/a/b/x', 'codeload.github.com').kind).toBe('unknown');
  expect(at(GITHUB, 'POST', '/repos/a/b/releases/1/assets', 'uploads.github.com').kind).toBe('unknown');
});

test("the forge's credential is taken out of the answer to a batch request, a store's own stays", () => {
  const answer = {
    objects: [
      {
        oid: 'x',
        actions: {
          download: {
            href: 'https://git.test/a/b.git/info/lfs/objects/x',
            header: { Authorization: 'Basic c2VjcmV0', Accept: 'x' },
          },
          upload: { href: 'https://store.test/x?sig=1', header: { authorization: 'RemoteAuth t' } },
          verify: { href: 'https://other.test/verify', header: { AUTHORIZATION: 'Bearer secret' } },
        },
      },
    ],
  };
  const cleaned = withoutForgeCredentials(Buffer.from(JSON.stringify(answer)), 'git.test')?.toString() ?? '';
  expect(cleaned).not.toMatch(/c2VjcmV0|Bearer/);
  expect(cleaned).toContain('"Accept":"x"');
  expect(cleaned).toContain('RemoteAuth t');
  expect(withoutForgeCredentials(Buffer.from('no json'), 'git.test')).toBeNull();
});

test('a token becomes the password with which git signs in, and other credentials stay', () => {
  const headers = (name: string, value: string) =>
    ({ way: 'headers', headers: [{ name, value }], hidden: ['token'] }) as const;
  const basic = (text: string) => headers('authorization', `Basic ${Buffer.from(text).toString('base64')}`);
  const signedIn = (text: string) => ({ ...basic(text), hidden: ['token', Buffer.from(text).toString('base64')] });
  expect(asGitCredential(headers('authorization', 'Bearer t'), 'github')).toEqual(signedIn('x-access-token:t'));
  expect(asGitCredential(headers('private-token', 't'), 'gitlab')).toEqual(signedIn('oauth2:t'));
  expect(asGitCredential(basic('user:t'), 'gitea')).toEqual(basic('user:t'));
  expect(asGitCredential(null, 'github')).toBeNull();
});
