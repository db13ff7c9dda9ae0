import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareVersions, connectEngine } from '../../../docker/engine.ts';

test('versions are ordered by number, not by letter', () => {
  expect(compareVersions('1.9', '1.41')).toBeLessThan(0);
  expect(compareVersions('1.45', '1.45')).toBe(0);
  expect(compareVersions('2.0', '1.51')).toBeGreaterThan(0);
});

test('an engine that is not there is an error that says what to do', async () => {
  const attempt = connectEngine({ env: { DOCKER_HOST: 'unix:///tmp/no-such-engine.sock' } });
  await expect(attempt).rejects.toMatchObject({
    code: 'EngineUnavailable',
    message:
      'no Docker Engine at unix:///tmp/no-such-engine.sock: there is no Docker Engine here; install one, or set DOCKER_HOST',
  });
});

/** Answers like an engine, on a socket. */
async function withEngine(
  version: object,
  info: object,
  work: (env: Record<string, string>) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bh-'));
  const path = join(folder, 'd.sock');
  const server = createServer((request, response) => {
    if (request.url === '/hang') return;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.url?.includes('version') ? version : info));
  });
  await new Promise<void>((done) => server.listen(path, done));
  try {
    await work({ DOCKER_HOST: `unix://${path}` });
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    await rm(folder, { recursive: true });
  }
}

const LINUX = {
  OSType: 'linux',
  OperatingSystem: 'Docker Desktop',
  Name: 'docker-desktop',
  NCPU: 4,
  MemTotal: 1,
  Driver: 'overlay2',
  DockerRootDir: '/d',
  DefaultRuntime: 'runc',
  SecurityOptions: ['name=seccomp', 'name=rootless'],
  Runtimes: { runc: { path: 'runc' }, runsc: { path: '/usr/local/bin/runsc', runtimeArgs: ['--host-uds=open'] } },
};

test('a virtual machine, runtimes with their arguments, and remapped users are recognised', async () => {
  await withEngine({ Version: '28.0.0', ApiVersion: '1.48', Arch: 'arm64' }, LINUX, async (env) => {
    const { info } = await connectEngine({ env });
    expect(info).toMatchObject({
      virtualMachine: true,
      remapsUsers: true,
      selinux: false,
      apiVersion: '1.48',
      arch: 'arm64',
      cpus: 4,
    });
    expect(info.runtimes).toContainEqual({ name: 'runsc', args: ['--host-uds=open'], shim: false });
  });
});

test('an engine of Windows containers, or one too old, is refused in words', async () => {
  await withEngine({ ApiVersion: '1.48' }, { ...LINUX, OSType: 'windows' }, async (env) => {
    await expect(connectEngine({ env })).rejects.toMatchObject({ code: 'EngineUnsuitable' });
  });
  await withEngine({ ApiVersion: '1.24' }, LINUX, async (env) => {
    await expect(connectEngine({ env })).rejects.toThrow(
      'speaks API 1.24; 1.40 (Docker 19.03) is the oldest that will do',
    );
  });
});
