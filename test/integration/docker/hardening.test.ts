import type { ContainerInspectInfo } from 'dockerode';
import { relayUidOf } from '../../../docker/sandbox-names.ts';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;
let inspected: ContainerInspectInfo;
let gvisor: boolean;

beforeAll(async () => {
  fixture = await createFixture({ memoryMb: 1_024, cpus: 1 });
  gvisor = fixture.runtime.probeRuntime().runtime === 'runsc';
  sandbox = await fixture.sandbox();
  inspected = await fixture.engine.docker.getContainer(`bellhop-${fixture.installation}-${sandbox.id}`).inspect();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

test('the engine shows a container without network, capabilities or a writable root', () => {
  const { HostConfig, Config, NetworkSettings } = inspected;
  const relay = relayUidOf(sandbox.uid);
  expect(Config.User).toBe(`${relay}:${relay}`);
  expect(Object.keys(NetworkSettings.Networks)).toEqual(['none']);
  expect(HostConfig).toMatchObject({
    NetworkMode: 'none',
    Dns: ['127.100.0.1'],
    ReadonlyRootfs: true,
    Privileged: false,
    CapDrop: ['ALL'],
    CapAdd: null,
    Init: true,
    LogConfig: { Type: 'none' },
    Memory: 1_024 * 1024 * 1024,
    MemorySwap: 1_024 * 1024 * 1024,
    NanoCpus: 1_000_000_000,
    PidsLimit: gvisor ? 4_096 : 512,
    Runtime: gvisor ? 'runsc' : 'runc',
    PidMode: '',
    IpcMode: 'private',
    Binds: null,
  });
  expect(HostConfig.Devices ?? []).toEqual([]);
  expect(HostConfig.PortBindings ?? {}).toEqual({});
  expect(HostConfig.Ulimits).toContainEqual({ Name: 'nproc', Soft: 300, Hard: 300 });
  expect(HostConfig.Tmpfs?.['/tmp']).toMatch(/exec.*nosuid.*size=512m/);
});

test('new privileges are off and the seccomp profile is ours', () => {
  const options = inspected.HostConfig.SecurityOpt as string[];
  expect(options).toContain('no-new-privileges');
  const profile = JSON.parse(options.find((option) => option.startsWith('seccomp='))?.slice(8) ?? '{}') as {
    defaultAction: string;
    syscalls: { names: string[]; args?: { value: number }[] }[];
  };
  expect(profile.defaultAction).toBe('SCMP_ACT_ERRNO');
  const sockets = profile.syscalls.filter(({ names }) => names.includes('socket'));
  expect([...new Set(sockets.map(({ args }) => args?.[0]?.value))]).toEqual([1, 2, 10, 16]);
  expect(sockets.map(({ args }) => args?.length)).toEqual(sockets.map(() => 2));
  expect(profile.syscalls.some(({ names }) => names.includes('socketcall') || names.includes('io_uring_setup'))).toBe(
    false,
  );
});

test('only its folder, read-only, its workspace and its terminals are mounted', () => {
  const mounts = inspected.Mounts.map(({ Type, Destination, RW, Name }) => ({ Type, Destination, RW, Name }));
  const name = `bellhop-${fixture.installation}-${sandbox.id}`;
  expect(mounts).toHaveLength(gvisor ? 2 : 3);
  expect(mounts).toContainEqual({ Type: 'bind', Destination: '/run/bellhop', RW: false, Name: undefined });
  expect(mounts).toContainEqual({ Type: 'volume', Destination: '/workspace', RW: true, Name: name });
  if (!gvisor) expect(mounts).toContainEqual(expect.objectContaining({ Destination: '/dev/pts', Type: 'volume' }));
});

test('labels say whose it is', () => {
  expect(inspected.Config.Labels).toMatchObject({
    'bellhop.installation': fixture.installation,
    'bellhop.sandbox': sandbox.id,
    'bellhop.session': sandbox.spec.session,
    'bellhop.runner': 'r1',
  });
});

test('inside, a command has no capability, cannot get any, and is filtered', async () => {
  const { output } = await sandbox.run(
    'grep -E "^(CapEff|CapPrm|CapBnd|CapAmb|NoNewPrivs|Seccomp):" /proc/self/status; ulimit -u; ulimit -c',
  );
  expect(output.replaceAll('\t', ' ')).toBe(
    'CapPrm: 0000000000000000\nCapEff: 0000000000000000\nCapBnd: 0000000000000000\nCapAmb: 0000000000000000\n' +
      // gVisor filters its own calls, from outside.
      `NoNewPrivs: 1\nSeccomp: ${gvisor ? 0 : 2}\n250\n0\n`,
  );
});

test('every proxy and certificate variable is set, and nothing secret is', () => {
  const env = Object.fromEntries((inspected.Config.Env ?? []).map((line) => line.split(/=(.*)/s).slice(0, 2)));
  for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy']) {
    expect(env[name]).toBe('http://127.0.0.1:3128');
  }
  for (const name of [
    'SSL_CERT_FILE',
    'CURL_CA_BUNDLE',
    'GIT_SSL_CAINFO',
    'REQUESTS_CA_BUNDLE',
    'PIP_CERT',
    'NODE_EXTRA_CA_CERTS',
    'CARGO_HTTP_CAINFO',
  ]) {
    expect(env[name]).toBe('/run/bellhop/ca.pem');
  }
  expect(env.NODE_USE_ENV_PROXY).toBe('1');
  expect(env.NO_PROXY).toContain('127.0.0.1');
  const secret = Object.entries(env).filter(([name]) => /TOKEN|SECRET|PASSWORD|API_KEY/i.test(name));
  // `gh` insists on a token; this one says what it is.
  expect(secret.filter(([, value]) => !String(value).includes('placeholder'))).toEqual([]);
});
