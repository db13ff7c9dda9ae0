import { type ContainerPlan, containerSpec } from '../../../docker/container-spec.ts';

const PLAN: ContainerPlan = {
  name: 'bellhop-i-s',
  image: 'image',
  agentUid: 20_000,
  labels: {},
  volumeLabels: { 'bellhop.installation': 'i' },
  runtime: 'runc',
  limits: { memoryMb: 512, cpus: 8, tmpMb: 64, workspaceMb: 1_024, diskMbPerSecond: 50 },
  engineCpus: 2,
  folder: { kind: 'folder', path: '/run/b/s' },
  variables: {},
  seccomp: '{}',
  limitVolume: false,
  selinux: false,
  path: null,
  disk: null,
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

test('names are asked of the sandbox itself, and the domains of the machine are not searched', () => {
  expect(containerSpec(PLAN).HostConfig).toMatchObject({ Dns: ['127.100.0.1'], DnsSearch: ['.'] });
});

test('on a machine with SELinux the container may reach its socket', () => {
  expect(containerSpec({ ...PLAN, selinux: true }).HostConfig?.SecurityOpt).toContain('label=disable');
  expect(containerSpec(PLAN).HostConfig?.SecurityOpt).toEqual(['no-new-privileges', 'seccomp={}']);
});

test('the rate of the disk is limited where there is one to name', () => {
  expect(containerSpec(PLAN).HostConfig).not.toHaveProperty('BlkioDeviceWriteBps');
  const rate = [{ Path: '/dev/sda', Rate: 50 * 1024 * 1024 }];
  expect(containerSpec({ ...PLAN, disk: '/dev/sda' }).HostConfig).toMatchObject({
    BlkioDeviceReadBps: rate,
    BlkioDeviceWriteBps: rate,
  });
});

test('terminals have a number of their own under runc, in a volume that goes with its container', () => {
  const mount = containerSpec(PLAN).HostConfig?.Mounts?.[2];
  expect(mount).toMatchObject({ Type: 'volume', Source: '', Target: '/dev/pts' });
  expect(mount?.VolumeOptions?.DriverConfig.Options.o).toContain('max=32');
  expect(mount?.VolumeOptions?.Labels).toEqual({ 'bellhop.installation': 'i' });
  expect(containerSpec({ ...PLAN, runtime: 'runsc' }).HostConfig?.Mounts).toHaveLength(2);
});
