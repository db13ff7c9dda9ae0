import type Docker from 'dockerode';
import type { SandboxRuntimeName } from './runtime-choice.ts';
import type { SandboxLimits } from './sandbox.ts';
import { INSIDE, sandboxEnvironment } from './sandbox-environment.ts';
import { relayUidOf } from './sandbox-names.ts';

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
  readonly javaStore: boolean;
  /** Text of the seccomp profile; given by value, since the engine may be elsewhere. */
  readonly seccomp: string;
  readonly limitVolume: boolean;
  readonly selinux: boolean;
}

/** The folder with the sandbox's socket: on this machine, or a part of a volume where the engine runs in a machine of its own. */
export type SandboxFolderMount =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'volume'; readonly volume: string; readonly subpath: string };

/** Processes and threads of one user in a sandbox; tools get fewer, so that whoever ends them finds room. */
export const PROCESS_LIMIT = 300;
export const TOOL_PROCESS_LIMIT = 250;
/** gVisor's own tasks count in the container's limit; under runc only what runs in the sandbox does. */
const PIDS: Record<SandboxRuntimeName, number> = { runc: 512, runsc: 4_096 };
/** Owns the starter's file and may read it: gVisor starts nothing that may not be read (docker/image/Dockerfile). Agents have higher groups. */
const STARTER_GROUP = '900';
const MB = 1024 * 1024;

/** What the engine is asked for. `docker inspect` on a sandbox shows every line of this. */
export function containerSpec(plan: ContainerPlan): Docker.ContainerCreateOptions {
  const relay = relayUidOf(plan.agentUid);
  const memory = plan.limits.memoryMb * MB;
  return {
    name: plan.name,
    Image: plan.image,
    Hostname: 'sandbox',
    User: `${relay}:${relay}`,
    WorkingDir: INSIDE.workspace,
    Labels: { ...plan.labels },
    Env: Object.entries(sandboxEnvironment({ javaStore: plan.javaStore })).map(([name, value]) => `${name}=${value}`),
    HostConfig: {
      Runtime: plan.runtime,
      Init: true,
      NetworkMode: 'none',
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
      Mounts: [folderMount(plan.folder), workspaceMount(plan)],
    },
  };
}

function temporaryFolders(agent: number, relay: number, tmpMb: number): Record<string, string> {
  const plain = 'rw,noexec,nosuid,nodev';
  return {
    '/tmp': `rw,exec,nosuid,nodev,mode=1777,size=${tmpMb}m`,
    '/run/steps': `${plain},mode=0700,uid=${agent},gid=${agent},size=64m,nr_inodes=4k`,
    '/run/boot': `${plain},mode=0755,uid=${relay},gid=${relay},size=64k`,
  };
}

/** The client's types do not know subpaths yet. */
type Mount = Docker.MountSettings & { VolumeOptions?: { Subpath?: string } };

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
