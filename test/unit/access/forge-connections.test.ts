import type { Connection } from '../../../access/document.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import { connection, documentOf, rule } from '../../support/access-document.ts';

const CHANNEL = 'channel:T1:C1';
const APP = { kind: 'github-app', appId: '1', installationId: '2', apiUrl: 'https://git.a.test/api/v3' } as const;

function forgesOf(...connections: readonly Connection[]) {
  return effectiveAccess(documentOf({ [CHANNEL]: { connections } }), CHANNEL).forges;
}

const of = (host: string, rest: Partial<Connection>) => connection('forge', host, rest);

test('a connection by the preset github is for github.com, though no bundle names a repository', () => {
  const rules = ['api.github.com', 'github.com', 'uploads.github.com'].map((host) => rule('inject', host));
  expect(forgesOf(of('github.com', { preset: 'github', rules }))).toContainEqual({
    connection: 'forge',
    forge: {
      kind: 'github',
      gitHost: 'github.com',
      gitPort: 443,
      apiHost: 'api.github.com',
      apiPort: 443,
      apiPath: '',
    },
  });
});

test.each([
  ['gitlab', { preset: 'gitlab' }, '/api/v4'],
  ['gitea', { preset: 'gitea' }, '/api/v1'],
  ['github', { credential: APP }, '/api/v3'],
  ['gitea', { forge: 'gitea' }, '/api/v1'],
] as const)('a connection to a server of %s has its API, at the port of its rule', (kind, rest, apiPath) => {
  const rules = [rule('deny', 'other.a.test'), rule('inject', 'git.a.test', { port: 8443 })];
  expect(forgesOf(of('git.a.test', { ...rest, rules }))).toEqual([
    {
      connection: 'forge',
      forge: { kind, gitHost: 'git.a.test', gitPort: 8443, apiHost: 'git.a.test', apiPort: 8443, apiPath },
    },
  ]);
});

test('a connection to all hosts below a name is a forge that no request fits', () => {
  const [found] = forgesOf(of('*.a.test', { credential: APP }));
  expect(found).toMatchObject({ connection: 'forge', forge: { gitHost: '*.a.test' } });
});

test('a connection for something else is no forge', () => {
  expect(forgesOf(of('api.a.test', {}))).toEqual([]);
});
