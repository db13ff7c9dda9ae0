import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { LABELS, sandboxName } from '../../../docker/sandbox-names.ts';
import { type Home, isHome, openHome } from '../../../setup/host/home.ts';
import { docker } from '../../support/installation/containers.ts';
import { CLI } from '../../support/launched-up.ts';
import { plainEnvironment } from '../../support/plain-environment.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

const DEAD_ENGINE = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

let folder: TemporaryFolder;
let home: Home;
beforeEach(async () => {
  folder = await temporaryFolder();
  home = await openHome(path.join(folder.path, 'home'));
});
afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

interface Ended {
  readonly code: number;
  readonly said: string;
}

async function run(command: string, args: readonly string[], environment: Record<string, string>): Promise<Ended> {
  const env = { ...plainEnvironment(), BELLHOP_HOME: home.folder, XDG_CACHE_HOME: folder.path, ...environment };
  return await promisify(execFile)(command, [...args], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      said: error.stdout + error.stderr,
    }),
  );
}

const reset = async (args: readonly string[], environment: Record<string, string> = {}) =>
  await run(process.execPath, [CLI, 'reset', ...args], environment);

test('a reset that cannot reach the engine removes nothing, and says what to do', async () => {
  const { code, said } = await reset(['--yes'], DEAD_ENGINE);
  expect(code).toBe(1);
  expect(said).toContain('the sandboxes cannot be removed, so nothing else was');
  expect(said).toContain(
    'fix: correct DOCKER_HOST, or unset it to use the default socket; or leave them where they are',
  );
  expect(isHome(home.folder)).toBe(true);
});

test('an engine that is gone for good is left alone when that is asked for, with the label to find the rest by', async () => {
  const { code, said } = await reset(['--yes', '--leave-sandboxes'], DEAD_ENGINE);
  expect(code).toBe(0);
  expect(said).toContain(
    `Not removed: containers and volumes with the label bellhop.installation=${home.installation.id}`,
  );
  expect(isHome(home.folder)).toBe(false);
});

test('a reset says where the downloads that others share stay', async () => {
  await mkdir(path.join(folder.path, 'bellhop'));
  const { code, said } = await reset(['--yes']);
  expect(said).toMatch(
    new RegExp(`Not removed, as other checkouts share them: .*${path.join(folder.path, 'bellhop')}`),
  );
  expect(code).toBe(0);
});

test('without a terminal to ask on nothing is removed', async () => {
  const { code, said } = await reset([]);
  expect(code).toBe(1);
  expect(said).toContain('there is no terminal to ask on; --yes does it without asking');
  expect(isHome(home.folder)).toBe(true);
});

test('an engine that only ran while Bellhop did is started for the reset and stopped again', async () => {
  const { id } = home.installation;
  const volume = sandboxName(id, 'left');
  await docker(
    'volume',
    'create',
    '--label',
    `${LABELS.installation}=${id}`,
    '--label',
    `${LABELS.sandbox}=left`,
    volume,
  );
  try {
    const ended = await resetWhereNoEngineRuns();
    expect(ended.said).toContain('starting dockerd');
    expect(ended.said).toContain('Removed 0 sandboxes and 1 workspaces.');
    expect(ended.said).toContain('dockerd was stopped');
    expect(ended.code).toBe(0);
    expect(await docker('volume', 'ls', '--quiet', '--filter', `name=${volume}`)).toBe('');
    expect(isHome(home.folder)).toBe(false);
  } finally {
    await docker('volume', 'rm', '--force', volume);
  }
}, 60_000);

/**
 * In a view of this machine's files of its own, in which no engine listens, no service manager runs, and `dockerd` is a program that
 * listens where engines do and hands on to the real one as long as it lives.
 */
async function resetWhereNoEngineRuns(): Promise<Ended> {
  const bin = path.join(folder.path, 'bin');
  const real = path.join(folder.path, 'engine.sock');
  await mkdir(bin);
  await writeFile(real, '');
  await writeFile(
    path.join(bin, 'dockerd'),
    `#!${process.execPath}
const net = require('node:net');
const server = net.createServer((client) => {
  const engine = net.connect(${JSON.stringify(real)});
  client.pipe(engine).pipe(client);
  for (const side of [client, engine]) side.on('error', () => side.destroy());
});
server.listen('/run/docker.sock');
process.on('SIGTERM', () => {
  require('node:fs').writeFileSync(${JSON.stringify(path.join(folder.path, 'stopped'))}, '');
  process.exit(0);
});
`,
  );
  await chmod(path.join(bin, 'dockerd'), 0o755);
  const script = [
    `mount --bind /var/run/docker.sock ${real}`,
    'mount -t tmpfs none /run',
    `${process.execPath} ${CLI} reset --yes`,
    'code=$?',
    `test -e ${path.join(folder.path, 'stopped')} && echo dockerd was stopped`,
    'exit $code',
  ].join('\n');
  const view = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
  return await run('unshare', [...view, 'sh', '-c', script], { PATH: `${bin}:${process.env.PATH}` });
}
