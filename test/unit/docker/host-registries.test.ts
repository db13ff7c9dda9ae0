import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { publicHost } from '../../../contracts/registry-hosts.ts';
import { pipIndexes } from '../../../docker/host-pip.ts';
import { cargoMirror, gemSource, goProxy, mavenMirror, readHostRegistries } from '../../../docker/host-registries.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

test('the mirrors of each client are read from its own configuration', async () => {
  const write = async (name: string, text: string) => {
    await mkdir(path.dirname(path.join(folder.path, name)), { recursive: true });
    await writeFile(path.join(folder.path, name), text);
  };
  await write('.npmrc', 'registry=https://npm.corp.test/npm/\n');
  await write(
    '.cargo/config.toml',
    '[source.crates-io]\nreplace-with = "corp"\n[source.corp]\nregistry = "sparse+https://crates.corp.test/"\n',
  );
  await write(
    '.m2/settings.xml',
    '<settings><mirrors><mirror><id>c</id><mirrorOf>*</mirrorOf><url>https://maven.corp.test/</url></mirror></mirrors></settings>',
  );
  await write('.gemrc', '---\n:sources:\n- https://gems.corp.test/\n');
  const found = await readHostRegistries({
    PATH: process.env.PATH,
    HOME: folder.path,
    PIP_INDEX_URL: 'https://pip.corp.test/simple',
    PIP_EXTRA_INDEX_URL: 'https://more.corp.test/simple https://user:secret@private.corp.test/simple',
    GOPROXY: 'https://go.corp.test,direct',
  });
  const { debian: _machine, ...others } = found;
  expect(others).toEqual({
    npm: { url: 'https://npm.corp.test/npm/', also: [], addresses: [] },
    pypi: { url: 'https://pip.corp.test/simple', also: ['https://more.corp.test/simple'], addresses: [] },
    go: { url: 'https://go.corp.test', also: [], addresses: [] },
    crates: { url: 'https://crates.corp.test/', also: [], addresses: [] },
    maven: { url: 'https://maven.corp.test/', also: [], addresses: [] },
    rubygems: { url: 'https://gems.corp.test/', also: [], addresses: [] },
  });
}, 30_000);

test('clients that are not here, and those that look where they look by themselves, name no mirror', async () => {
  const npm = path.join(folder.path, 'npm');
  await writeFile(npm, `#!/bin/sh\necho https://${publicHost('npm')}/\n`);
  await chmod(npm, 0o755);
  const { debian: _machine, ...others } = await readHostRegistries({ PATH: folder.path, HOME: '/nowhere' });
  expect(others).toEqual({});
});

test('of several settings of pip the one counts that pip itself takes', () => {
  const text = "global.index-url='https://global.test/'\ninstall.index-url='https://install.test/'\n";
  expect(pipIndexes(text).index).toBe('https://install.test/');
  expect(pipIndexes(`${text}:env:.index-url='https://env.test/'\n`).index).toBe('https://env.test/');
  expect(pipIndexes("global.extra-index-url='https://a.test/\\nhttps://b.test/'")).toEqual({
    index: null,
    further: ['https://a.test/', 'https://b.test/'],
  });
});

test.each([
  [() => goProxy('direct'), undefined],
  [() => goProxy('off'), undefined],
  [() => goProxy('https://a.test|https://b.test,direct'), 'https://a.test'],
  [() => cargoMirror('[net]\nretry = 3\n'), undefined],
  [
    () =>
      cargoMirror("[source.crates-io]\nreplace-with = 'x'\n[source.\"x\"]\nregistry = 'https://x.test/git/index'\n"),
    'https://x.test/git/index',
  ],
  [() => mavenMirror('<!-- <mirror><mirrorOf>*</mirrorOf><url>https://x.test</url></mirror> -->'), undefined],
  [() => mavenMirror('<mirror><mirrorOf>other</mirrorOf><url>https://x.test</url></mirror>'), undefined],
  [
    () => mavenMirror('<mirror><mirrorOf>central,other</mirrorOf><url> https://x.test </url></mirror>'),
    'https://x.test',
  ],
  [() => gemSource('---\n:verbose: true\n'), undefined],
])('%s', (read, expected) => {
  expect(read()).toBe(expected);
});
