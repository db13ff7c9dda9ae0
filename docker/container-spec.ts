import { join } from 'node:path';
import type Docker from 'dockerode';
import type { SandboxRuntimeName } from './runtime-choice.ts';
import type { SandboxLimits } from './sandbox.ts';
import { INSIDE, sandboxEnvironment } from './sandbox-environment.ts';
import { LABELS, relayUidOf } from './sandbox-names.ts';

export interface ContainerPlan {
  readonly name: string;
  readonly image: string;
  readonly agentUid: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly volumeLabels: Readonly<Record<string, string>>;
  readonly runtime: SandboxRuntimeName;
  readonly limits: SandboxLimits;
  /** CPUs of the engine's machine: it refuses to promise more. */
  readonly engineCpus: number;
  readonly folder: SandboxFolderMount;
  /** Beside those that every sandbox has, and never in place of one: mirrors of packages, an environment's own. */
  readonly variables: Readonly<Record<string, string>>;
  /** Where commands are looked for. Null: as in Bellhop's own image. */
  readonly path: string | null;
  /** Text of the seccomp profile; given by value, since the engine may be elsewhere. */
  readonly seccomp: string;
  readonly limitVolume: boolean;
  readonly selinux: boolean;
  /** The disk of the workspaces, such as `/dev/sda`; null where its rate cannot be limited. */
  readonly disk: string | null;
}

/**
 * The folder with the sandbox's socket: on this machine, or a part of a volume where the engine runs in a machine of
 * its own.
 */
export type SandboxFolderMount =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'volume'; readonly volume: string; readonly subpath: string };

/**
 * Processes and threads of one user in a sandbox. Tools get fewer, so that there is room for the processes that end
 * them.
 */
export const PROCESS_LIMIT = 300;
export const TOOL_PROCESS_LIMIT = 250;
/** gVisor's own tasks count in the container's limit; under runc only what runs in the sandbox does. */
const PIDS: Record<SandboxRuntimeName, number> = { runc: 512, runsc: 4_096 };
/**
 * Owns the starter's file and may read it: gVisor starts nothing that may not be read (docker/image/Dockerfile). Agents
 * have higher groups.
 */
const STARTER_GROUP = '900';
/** Handed to the engine by value. */
export const SECCOMP_PROFILE = join(import.meta.dirname, 'seccomp/profile.json');
const MB = 1024 * 1024;

/** What the engine is asked for. `docker inspect` on a sandbox shows every line of this. */
export function containerSpec(plan: ContainerPlan): Docker.ContainerCreateOptions {
  const relay = relayUidOf(plan.agentUid);
  const memory = plan.limits.memoryMb * MB;
  return {
    name: plan.name,
    Image: plan.image,
    // Its names know it too (docker/image/entry/names.c).
    Hostname: 'sandbox',
    User: `${relay}:${relay}`,
    // Programs look for their files in the folder in which they start.
    WorkingDir: '/',
    Labels: { ...plan.labels },
    Env: Object.entries(variablesOf(plan)).map(([name, value]) => `${name}=${value}`),
    HostConfig: {
      Runtime: plan.runtime,
      Init: true,
      NetworkMode: 'none',
      // The image's own resolver, which asks nobody. Without these lines the engine copies the servers and domains of its
      // machine.
      Dns: [INSIDE.names],
      DnsSearch: ['.'],
      // The relay takes the ports of https, http and DNS, and has no capability for it.
      Sysctls: { 'net.ipv4.ip_unprivileged_port_start': '0' },
      IpcMode: 'private',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      GroupAdd: plan.runtime === 'runsc' ? [STARTER_GROUP] : [],
      // SELinux's label for containers forbids the socket of a process outside, which is the whole way out.
      SecurityOpt: ['no-new-privileges', `seccomp=${plan.seccomp}`, ...(plan.selinux ? ['label=disable'] : [])],
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
      Memory: memory,
      MemorySwap: memory,
      NanoCpus: Math.round(Math.min(plan.limits.cpus, plan.engineCpus) * 1e9),
      PidsLimit: PIDS[plan.runtime],
      Ulimits: [
        { Name: 'nproc', Soft: PROCESS_LIMIT, Hard: PROCESS_LIMIT },
        { Name: 'nofile', Soft: 16_384, Hard: 16_384 },
        { Name: 'core', Soft: 0, Hard: 0 },
      ],
      Tmpfs: temporaryFolders(plan.agentUid, relay, plan.limits.tmpMb),
      Mounts: [folderMount(plan.folder), workspaceMount(plan), ...terminalsMount(plan)],
      ...diskRate(plan),
    },
  };
}

function variablesOf({ variables, path }: ContainerPlan): Record<string, string> {
  return { ...variables, ...sandboxEnvironment(), ...(path !== null && { PATH: path }) };
}

function temporaryFolders(agent: number, relay: number, tmpMb: number): Record<string, string> {
  const plain = 'rw,noexec,nosuid,nodev';
  return {
    '/tmp': `rw,exec,nosuid,nodev,mode=1777,size=${tmpMb}m`,
    '/run/steps': `${plain},mode=0700,uid=${agent},gid=${agent},size=64m,nr_inodes=4k`,
    '/run/boot': `${plain},mode=0755,uid=${relay},gid=${relay},size=64k`,
  };
}

/** How often per second the disk is asked for something, whatever the size. Far more than builds and tests need. */
const DISK_OPERATIONS = 5_000;

/**
 * Keeps one sandbox from taking the disk from all others. With the second version of control groups this holds for
 * every write; with the first for reads and direct writes, because buffered ones are written back in nobody's name.
 */
function diskRate({ disk, limits }: ContainerPlan): Docker.HostConfig {
  if (disk === null) return {};
  const bytes = [{ Path: disk, Rate: limits.diskMbPerSecond * MB }];
  const operations = [{ Path: disk, Rate: DISK_OPERATIONS }];
  return {
    BlkioDeviceReadBps: bytes,
    BlkioDeviceWriteBps: bytes,
    BlkioDeviceReadIOps: operations,
    BlkioDeviceWriteIOps: operations,
  };
}

/** The client's types do not know subpaths yet. */
type Mount = Docker.MountSettings & { VolumeOptions?: { Subpath?: string } };

/**
 * Pseudo-terminals of one sandbox. The machine has 3,072 for all containers that do not bring a number of their own.
 */
const TERMINALS = 32;

/**
 * Terminals from a file system of the sandbox's own, in place of the engine's, which has no limit. It is a volume
 * without a name, so it goes with its container. gVisor has terminals of its own kernel, which are nobody else's.
 */
function terminalsMount(plan: ContainerPlan): Mount[] {
  if (plan.runtime === 'runsc') return [];
  const options = `newinstance,ptmxmode=0666,mode=0620,gid=5,max=${TERMINALS}`;
  return [
    {
      Type: 'volume',
      Source: '',
      Target: '/dev/pts',
      VolumeOptions: {
        NoCopy: true,
        Labels: { [LABELS.installation]: plan.volumeLabels[LABELS.installation] ?? '' },
        DriverConfig: { Name: 'local', Options: { type: 'devpts', device: 'devpts', o: options } },
      },
    },
  ];
}

function folderMount(folder: SandboxFolderMount): Mount {
  if (folder.kind === 'folder') {
    return {
      Type: 'bind',
      Source: folder.path,
      Target: INSIDE.folder,
      ReadOnly: true,
      BindOptions: { Propagation: 'rprivate' },
    };
  }
  return {
    Type: 'volume',
    Source: folder.volume,
    Target: INSIDE.folder,
    ReadOnly: true,
    VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: '', Options: {} }, Subpath: folder.subpath },
  };
}

function workspaceMount(plan: ContainerPlan): Mount {
  const options = plan.limitVolume ? { size: `${plan.limits.workspaceMb}m` } : {};
  return {
    Type: 'volume',
    Source: plan.name,
    Target: INSIDE.workspace,
    VolumeOptions: {
      // A new volume takes over owner and permissions of the image's folder, so that the agent may write in it.
      NoCopy: false,
      Labels: { ...plan.volumeLabels },
      DriverConfig: { Name: 'local', Options: options as Record<string, string> },
    },
  };
}
