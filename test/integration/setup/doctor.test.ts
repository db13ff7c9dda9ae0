import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Endpoint } from '../../../setup/doctor/endpoints.ts';
import type { Finding } from '../../../setup/doctor/finding.ts';
import { docker } from '../../support/installation/containers.ts';
import { CLI } from '../../support/launched-up.ts';
import { plainEnvironment } from '../../support/plain-environment.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

async function doctor(args: readonly string[], environment: Record<string, string> = {}) {
  const env = { ...plainEnvironment(), NO_COLOR: '1', BELLHOP_HOME: path.join(folder.path, 'home'), ...environment };
  return await promisify(execFile)(process.execPath, [CLI, 'doctor', ...args], { env }).then(
    ({ stdout }) => ({ code: 0, out: stdout }),
    (error: { code: number; stdout: string }) => ({ code: error.code, out: error.stdout }),
  );
}

describe('bellhop doctor', () => {
  it('ends with exit code 1 where something is missing, and names the fix', async () => {
    // A machine that has nothing but tar.
    await symlink('/bin/tar', path.join(folder.path, 'tar'));
    const environment = { PATH: folder.path, DOCKER_HOST: 'unix:///nowhere/docker.sock' };
    const { code, out } = await doctor([], environment);
    expect(code).toBe(1);
    expect(out).toMatch(/^missing +npm +not on the PATH.*\n +fix: install Node\.js with npm/m);
    expect(out).toMatch(/^missing +Docker Engine .*\n +fix: correct DOCKER_HOST/m);
    expect(out).toMatch(/^warning +Python .*\n +fix: .*python3-pip/m);
    expect(out).toMatch(/^ok +tar +/m);
    expect(out).toMatch(/\d missing\.\n$/);
    const findings = JSON.parse((await doctor(['--json'], environment)).out) as Finding[];
    expect(findings.filter(({ state, fix }) => state === 'missing' && !fix)).toEqual([]);
  });

  it('says in production which runtime sandboxes get, and why', async () => {
    const isolation = async (environment: Record<string, string>) => {
      const findings = JSON.parse((await doctor(['--json'], environment)).out) as Finding[];
      return findings.find(({ id }) => id === 'isolation');
    };
    const engineHasGvisor = (await docker('info', '--format', '{{json .Runtimes}}')).includes('host-uds=open');
    expect(await isolation({ BELLHOP_PRODUCTION: 'yes' })).toMatchObject(
      engineHasGvisor
        ? { state: 'ok', detail: expect.stringContaining('gVisor') }
        : {
            state: 'missing',
            detail: expect.stringMatching(/BELLHOP_PRODUCTION is yes.*BELLHOP_SANDBOX_RUNTIME=runc/),
          },
    );
    const runc = { BELLHOP_PRODUCTION: 'yes', BELLHOP_SANDBOX_RUNTIME: 'runc' };
    expect(await isolation(runc)).toMatchObject({ state: 'warn', detail: 'runc, as set: no reason given' });
    const reason = { BELLHOP_SANDBOX_RUNTIME_REASON: 'machines without virtualization' };
    expect(await isolation({ ...runc, ...reason })).toMatchObject({
      state: 'ok',
      detail: 'runc, as set: machines without virtualization',
    });
  }, 60_000);

  it('lists as endpoints what this configuration connects to, each as host and port', async () => {
    const { code, out } = await doctor(['--network', '--json'], {
      XDG_CACHE_HOME: folder.path,
      npm_config_registry: 'https://npm.example/mirror/',
      PIP_INDEX_URL: 'https://me:secret@pip.example:8443/simple',
      PIP_EXTRA_INDEX_URL: 'https://more.example/simple',
      HTTPS_PROXY: 'http://me:secret@proxy.example:3128',
      SLACK_APP_TOKEN: 'xapp-1',
      SLACK_BOT_TOKEN: 'xoxb-1',
    });
    expect(code).toBe(0);
    const endpoints = JSON.parse(out) as Endpoint[];
    const registry = new URL(await docker('info', '--format', '{{.IndexServerAddress}}')).hostname;
    expect(endpoints.map(({ to }) => to)).toEqual(
      expect.arrayContaining([
        'proxy.example:3128',
        'slack-files.com:443',
        'npm.example:443',
        'pip.example:8443',
        'more.example:443',
        `${registry}:443`,
      ]),
    );
    expect(endpoints.map(({ to }) => to).filter((to) => !/^[\w*.-]+:\d+$/.test(to))).toEqual([]);
    expect(out).not.toContain('secret');
  });
});
