import type { Engine } from './engine.ts';
import { compareVersions } from './engine.ts';
import { DockerError } from './errors.ts';
import { endTurn, killAgent } from './kill-agent.ts';
import { provision } from './provision.ts';
import { removeWorkspace } from './remove-workspace.ts';
import { probeRuntime, type RuntimeSetting } from './runtime-choice.ts';
import { DEFAULT_LIMITS, type SandboxLimits, type SandboxRuntime } from './sandbox.ts';
import { lookInside } from './sandbox-check.ts';
import { askInSandbox, starterTarget, type WorkingContext } from './sandbox-context.ts';
import { openFile, readFile, writeFile } from './sandbox-files.ts';
import { removeFolder } from './sandbox-folder.ts';
import { listSandboxes, listWorkspaces, stateOfSandbox } from './sandbox-listing.ts';
import { sandboxName } from './sandbox-names.ts';
import { pauseContainer, removeContainer, unpauseContainer } from './sandbox-states.ts';
import { createSeenSandboxes } from './seen-sandboxes.ts';
import { createStarterPool } from './starter-pool.ts';
import { runStep } from './steps.ts';
import { canLimitVolumes } from './volume-limit.ts';

export interface SandboxRuntimeOptions {
  readonly engine: Engine;
  /** Short id of the installation; goes into names and labels. */
  readonly installation: string;
  /** Folder of the sandboxes' sockets, mode 0700; see `sandboxSocketPath`. */
  readonly runDir: string;
  /**
   * The volume that `runDir` is a view of. Needed where the engine runs in a virtual machine, which cannot mount
   * sockets of this one.
   */
  readonly runVolume?: string;
  /** From `ensureSandboxImage`. */
  readonly image: string;
  /** @default 'auto' */
  readonly runtime?: RuntimeSetting;
  /** @default DEFAULT_LIMITS */
  readonly limits?: Partial<SandboxLimits>;
}

/** Older engines take the option and ignore it, which would show every sandbox the folders of all. */
const SUBPATH_API = '1.45';
/** Some hundred thousand files take seconds. */
const USAGE_MS = 30_000;

/** The sandboxes of one installation on one engine. The only way anything of ours touches a container. */
export function createSandboxRuntime(options: SandboxRuntimeOptions): SandboxRuntime {
  const { engine, installation, runDir, runVolume, image } = options;
  const starters = createStarterPool();
  const context: WorkingContext = { engine, installation, starters };
  const limits: SandboxLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const probe = probeRuntime(engine, options.runtime ?? 'auto');
  checkPlacement(engine, runVolume);
  const container = (id: string) => engine.docker.getContainer(sandboxName(installation, id));
  const seen = createSeenSandboxes();
  let limitsVolumes: Promise<boolean> | undefined;
  const limitsWorkspaces = () => (limitsVolumes ??= canLimitVolumes(context));

  return {
    async provision(sandbox) {
      const limitVolume = await limitsWorkspaces();
      const { runtime } = probe;
      return await provision({ ...context, runDir, runVolume, image, limits, runtime, limitVolume, seen }, sandbox);
    },
    checkSockets: async (id, uid) => await lookInside(context, id, uid, { waitMs: 0 }),
    prepare: async (id, uid) => await starters.prepare(starterTarget(context, id, uid)),
    runStep: async (id, step) => await runStep(context, id, step),
    async killAgent(id, uid) {
      starters.forget(id);
      await killAgent(context, id, uid);
    },
    async endTurn(id, uid, turn) {
      starters.forget(id);
      await endTurn({ ...context, runDir }, id, uid, turn);
    },
    readFile: async (id, uid, path, read) => await readFile(context, id, uid, path, read),
    openFile: async (id, uid, path, open) => await openFile(context, id, uid, path, open),
    writeFile: async (id, uid, path, content, write) => await writeFile(context, id, uid, path, content, write),
    async pause(id) {
      starters.forget(id);
      await pauseContainer(container(id), id);
    },
    unpause: async (id) => await unpauseContainer(container(id), id),
    async remove(id) {
      seen.forget(id);
      starters.forget(id);
      await removeContainer(container(id), id);
      await removeFolder(runDir, id);
    },
    removeVolume: async (id) => await removeWorkspace(context, id),
    list: async () => await listSandboxes(context),
    listVolumes: async () => await listWorkspaces(context),
    state: async (id) => await stateOfSandbox(context, id),
    async workspaceUse(id, uid) {
      const said = await askInSandbox(context, id, { uid, args: ['usage'], timeoutMs: USAGE_MS });
      if (typeof said.bytes !== 'number' || typeof said.files !== 'number') {
        throw new DockerError('ExecFailed', `the workspace of ${id} could not be counted: ${String(said.message)}`);
      }
      return { bytes: said.bytes, files: said.files };
    },
    limitsWorkspaces,
    probeRuntime: () => probe,
  };
}

function checkPlacement({ info }: Engine, runVolume: string | undefined): void {
  if (info.virtualMachine && runVolume === undefined) {
    throw new DockerError(
      'EngineUnsuitable',
      `the engine at ${info.address} runs in a virtual machine, which cannot mount sockets of this one: use an engine that runs on this machine itself`,
    );
  }
  if (info.remapsUsers) {
    throw new DockerError(
      'EngineUnsuitable',
      `the engine at ${info.address} is rootless or remaps users, so sandboxes cannot have users of their own: use one that does not`,
    );
  }
  if (runVolume !== undefined && compareVersions(info.apiVersion, SUBPATH_API) < 0) {
    throw new DockerError(
      'EngineUnsuitable',
      `the engine speaks API ${info.apiVersion}; mounting a part of a volume needs ${SUBPATH_API} (Docker 26). Update the engine.`,
    );
  }
}
