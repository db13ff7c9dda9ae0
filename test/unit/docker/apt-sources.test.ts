import { debianMirrors, sourcesList } from '../../../docker/apt-sources.ts';

test('a one-line source gives its mirror, with options and a comment around it', () => {
  const text =
    '# deb http://old.test/debian bookworm main\ndeb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian/ trixie main contrib\n';
  expect(debianMirrors([text])).toEqual({ archive: 'http://mirror.test/debian', security: null });
});

test('deb822 paragraphs give archive and security mirrors', () => {
  const text = `Types: deb
# snapshot
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://mirror.test/debian-security
Suites: bookworm-security
Components: main
`;
  const mirrors = debianMirrors([text]);
  expect(mirrors).toEqual({ archive: 'http://mirror.test/debian', security: 'http://mirror.test/debian-security' });
  expect(mirrors && sourcesList(mirrors)).toBe(
    'deb http://mirror.test/debian bookworm main\ndeb http://mirror.test/debian bookworm-updates main\ndeb http://mirror.test/debian-security bookworm-security main\n',
  );
});

test('sources of other distributions, of third parties, and switched-off ones are not taken for Debian', () => {
  const ubuntu = 'deb http://archive.test/ubuntu noble main universe\n';
  const thirdParty = 'Types: deb\nURIs: https://packages.test/node\nSuites: nodistro\nComponents: main\n';
  const off = 'Types: deb\nEnabled: no\nURIs: http://off.test/debian\nSuites: bookworm\nComponents: main\n';
  expect(debianMirrors([ubuntu, thirdParty, off, ''])).toBeNull();
});
