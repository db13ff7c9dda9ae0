import { type ContainerPlan, containerSpec } from '../../../docker/container-spec.ts';

const PLAN: ContainerPlan = {
  name: 'bellhop-i-s',
  image: 'image',
  agentUid: 20_000,
  labels: {},
  volumeLabels: { 'bellhop.installation': 'i' },
  runtime: 'runc',
  limits: { memoryMb: 512, cpus: 8, tmpMb: 64, workspaceMb: 1_024 },
  engineCpus: 2,
  folder: { kind: 'folder', path: '/run/b/s' },
  javaStore: false,
  seccomp: '{}',
  limitVolume: false,
  selinux: false,
};

test('the folder is mounted, not the socket in it, and only for reading', () => {
  expect(containerSpec(PLAN).HostConfig?.Mounts?.[0]).toMatchObject({
    Type: 'bind',
    Source: '/run/b/s',
    Target: '/run/bellhop',
    ReadOnly: true,
  });
});

test('from a volume only the part of this sandbox is mounted', () => {
  const spec = containerSpec({ ...PLAN, folder: { kind: 'volume', volume: 'sockets', subpath: 's' } });
  expect(spec.HostConfig?.Mounts?.[0]).toMatchObject({
    Type: 'volume',
    Source: 'sockets',
    ReadOnly: true,
    VolumeOptions: { Subpath: 's', NoCopy: true },
  });
});

test('the workspace gets its size where the engine can hold it to one', () => {
  const options = (limitVolume: boolean) =>
    containerSpec({ ...PLAN, limitVolume }).HostConfig?.Mounts?.[1]?.VolumeOptions?.DriverConfig.Options;
  expect(options(true)).toEqual({ size: '1024m' });
  expect(options(false)).toEqual({});
});

test('gVisor gets room for tasks of its own; no more CPUs are asked for than there are', () => {
  expect(containerSpec({ ...PLAN, runtime: 'runsc' }).HostConfig).toMatchObject({
    Runtime: 'runsc',
    PidsLimit: 4_096,
    NanoCpus: 2e9,
  });
  expect(containerSpec(PLAN).HostConfig).toMatchObject({ Runtime: 'runc', PidsLimit: 512 });
});

test('Java is told of its store only when there is one', () => {
  const env = (javaStore: boolean) => containerSpec({ ...PLAN, javaStore }).Env?.join('\n');
  expect(env(false)).not.toContain('JAVA');
  expect(env(true)).toContain('-Djavax.net.ssl.trustStore=/run/bellhop/java.p12');
});

test('on a machine with SELinux the container may reach its socket', () => {
  expect(containerSpec({ ...PLAN, selinux: true }).HostConfig?.SecurityOpt).toContain('label=disable');
  expect(containerSpec(PLAN).HostConfig?.SecurityOpt).toEqual(['no-new-privileges', 'seccomp={}']);
});
