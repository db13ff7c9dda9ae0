import type { RegistryMirrors } from '../contracts/registries.ts';
import { endTurn, killAgent } from './end-turn.ts';
import type { Engine } from './engine.ts';
import { compareVersions } from './engine.ts';
import { buildEnvironment, environmentImageOf, pruneEnvironments } from './environment-image.ts';
import { DockerError } from './errors.ts';
import { createExecGate } from './exec-gate.ts';
import { type ChooseImage, onlyImage } from './image-choice.ts';
import { openPiped } from './piped-command.ts';
import { provision } from './provision.ts';
import { registryClients } from './registry-clients.ts';
import { removeWorkspace } from './remove-workspace.ts';
import { probeRuntime, type RuntimeWish } from './runtime-choice.ts';
import { DEFAULT_LIMITS, type SandboxLimits, type SandboxRuntime } from './sandbox.ts';
import { lookInside } from './sandbox-check.ts';
import type { WorkingContext } from './sandbox-context.ts';
import { openFile, readFile, writeFile } from './sandbox-files.ts';
import { prepareFolder, removeFolder } from './sandbox-folder.ts';
import { listSandboxes, listWorkspaces, stateOfSandbox } from './sandbox-listing.ts';
import { sandboxFolder, sandboxName } from './sandbox-names.ts';
import { pauseContainer, removeContainer, unpauseSandbox } from './sandbox-states.ts';
import { createSeenSandboxes } from './seen-sandboxes.ts';
import { askStarter } from './starter.ts';
import { createStarterPool } from './starter-pool.ts';
import { runStep } from './steps.ts';
import { canLimitVolumes, diskOf, diskUseOf } from './workspace-disk.ts';

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
  /** A name from `ensureSandboxImage`, or what chooses one for each sandbox. */
  readonly image: string | ChooseImage;
  /** Where packages come from on this machine. @default the public hosts */
  readonly mirrors?: RegistryMirrors;
  /** @default 'auto', not in production */
  readonly runtime?: RuntimeWish;
  /** @default DEFAULT_LIMITS */
  readonly limits?: Partial<SandboxLimits>;
}

/** Older engines take the option and ignore it, which would show every sandbox the folders of all. */
const SUBPATH_API = '1.45';
/** Some hundred thousand files take seconds. */
const USAGE_MS = 30_000;

/**
 * The sandboxes of one installation on one engine. The only way anything of Bellhop touches a container.
 *
 * @throws DockerError `EngineUnsuitable` where sandboxes could not be kept apart, `RuntimeMissing`
 * @example
 * const runtime = createSandboxRuntime({ engine, image, installation: 'demo', runDir: '/run/bellhop-demo' });
 * await runtime.provision({ id: 's1', session: 'slack:T1:C1:1', runner: 'r1', agentUid: 100_001, caBundle });
 * const step = { uid: 100_001, step: 't1/3', turn: 1, command: 'echo hello', timeoutMs: 60_000 };
 * await runtime.runStep('s1', step); // { outcome: 'finished', exitCode: 0, output: 'hello\n', … }
 * await runtime.endTurn('s1', 100_001, 1);
 */
export function createSandboxRuntime(options: SandboxRuntimeOptions): SandboxRuntime {
  const { engine, installation, runDir, runVolume } = options;
  const choose = typeof options.image === 'string' ? onlyImage(options.image) : options.image;
  const starters = createStarterPool();
  const gate = createExecGate();
  const context: WorkingContext = { engine, installation, starters, gate };
  const limits: SandboxLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const clients = registryClients(options.mirrors ?? {});
  const probe = probeRuntime(engine, options.runtime ?? { setting: 'auto' });
  checkPlacement(engine, runVolume);
  const container = (id: string) => engine.docker.getContainer(sandboxName(installation, id));
  const seen = createSeenSandboxes();
  let limitsVolumes: Promise<boolean> | undefined;
  let disk: Promise<string | null> | undefined;
  const limitsWorkspaces = () => (limitsVolumes ??= canLimitVolumes(context));

  return {
    async environmentImage(environment) {
      const { image: base, accepted: bases } = await choose();
      return await environmentImageOf(engine, environment, base, bases);
    },
    async buildEnvironment(id, { environment, missing, base }, { caBundle, onLine, signal }) {
      if (missing === null) return;
      await buildEnvironment({
        engine,
        environment,
        base,
        folder: sandboxFolder(runDir, id),
        prepare: async () => await prepareFolder(runDir, id, { agentUid: 0, caBundle, clientFiles: clients.files }),
        mirrors: options.mirrors ?? {},
        memoryMb: environment.memoryMb ?? limits.memoryMb,
        cpus: environment.cpus ?? limits.cpus,
        onLine,
        signal,
      });
      await removeFolder(runDir, id);
      await pruneEnvironments(engine, missing);
    },
    async provision(sandbox) {
      const limitVolume = await limitsWorkspaces();
      const { runtime } = probe;
      disk ??= diskOf(engine);
      const { image, accepted } = await choose();
      const about = {
        runDir,
        runVolume,
        image,
        accepted,
        clients,
        limits,
        runtime,
        limitVolume,
        disk: await disk,
        seen,
      };
      return await provision({ ...context, ...about }, sandbox);
    },
    checkSockets: async (id, uid) => await lookInside(context, id, uid, { waitMs: 0 }),
    prepare: async (id, uid) => await starters.prepare({ ...context, id, uid }),
    runStep: async (id, step) => await runStep(context, id, step),
    async killAgent(id, uid) {
      starters.forget(id);
      await killAgent(context, id, uid);
    },
    async endTurn(id, uid, turn) {
      starters.forget(id);
      await endTurn({ ...context, runDir }, id, uid, turn);
    },
    openPiped: async (id, call) => await openPiped(context, id, call),
    readFile: async (id, uid, path, read) => await readFile(context, id, uid, path, read),
    openFile: async (id, uid, path, open) => await openFile(context, id, uid, path, open),
    writeFile: async (id, uid, path, content, write) => await writeFile(context, id, uid, path, content, write),
    async pause(id) {
      starters.forget(id);
      await gate.pausing(id, (wasWoken) => pauseContainer(engine.docker, container(id), { id, wasWoken }));
    },
    unpause: async (id) => await unpauseSandbox(context, id),
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
      const said = await askStarter({ ...context, id, uid, args: ['usage'], timeoutMs: USAGE_MS });
      if (typeof said.bytes !== 'number' || typeof said.files !== 'number') {
        throw new DockerError('ExecFailed', `the workspace of ${id} could not be counted: ${String(said.message)}`);
      }
      return { bytes: said.bytes, files: said.files, complete: said.complete === true };
    },
    diskUse: async () => await diskUseOf(engine),
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
