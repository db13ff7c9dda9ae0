import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { type ContainerPlan, containerSpec, type SandboxFolderMount, SECCOMP_PROFILE } from './container-spec.ts';
import { DockerError, engineError, sandboxError, statusOf, wordsOf } from './errors.ts';
import type { ClientSettings } from './registry-clients.ts';
import type { SandboxRuntimeName } from './runtime-choice.ts';
import type { Provisioned, SandboxLimits, SandboxSpec } from './sandbox.ts';
import { type InsideView, lookInside } from './sandbox-check.ts';
import type { SandboxContext } from './sandbox-context.ts';
import { prepareFolder } from './sandbox-folder.ts';
import { LABELS, sandboxFolder, sandboxName } from './sandbox-names.ts';
import { REMOVAL_MS, removeContainer, startContainer, unpauseSandbox } from './sandbox-states.ts';
import { lifeOf, type SandboxLife, type SeenSandboxes } from './seen-sandboxes.ts';

export interface ProvisionOptions extends SandboxContext {
  readonly runDir: string;
  /** Set where the engine runs in a virtual machine: the volume that `runDir` is a view of. */
  readonly runVolume?: string;
  readonly image: string;
  /** Images whose containers are taken as they are; see `ImageChoice`. */
  readonly accepted: readonly string[];
  /** How clients of packages are told of mirrors. */
  readonly clients: ClientSettings;
  readonly limits: SandboxLimits;
  readonly runtime: SandboxRuntimeName;
  readonly limitVolume: boolean;
  /** See `ContainerPlan`. */
  readonly disk: string | null;
  readonly seen: SeenSandboxes;
}

/** How long a new container may take until its relay answers. */
const READY_MS = 10_000;

/**
 * Makes the sandbox run: creates it, starts a stopped one, unpauses a paused one. "Already there" is a success, so
 * that an attempt which died halfway can be repeated. One that was looked at from inside and has not been started
 * since is not looked at again.
 */
export async function provision(options: ProvisionOptions, sandbox: SandboxSpec): Promise<Provisioned> {
  await prepareFolder(options.runDir, sandbox.id, { ...sandbox, clientFiles: options.clients.files });
  const plan = await planOf(options, sandbox);
  const known = await findSeen(options, sandbox, plan);
  if (known) return known;
  let created = await createOrTake(options, sandbox, plan);
  let view = await wake(options, sandbox, created);
  // - The folder was removed and made anew under a running container, which still holds the old one.
  // - Something else than the image's relay could use the proxy's socket in this container.
  if (!view.folder || view.relay === 'foreign') {
    await removeContainer(options.engine.docker.getContainer(plan.name), sandbox.id);
    created = await createOrTake(options, sandbox, plan);
    view = await wake(options, sandbox, created);
  }
  if (view.relay === 'foreign') {
    await removeContainer(options.engine.docker.getContainer(plan.name), sandbox.id);
    const words = `what runs as the relay's user in sandbox ${sandbox.id} is not the relay of image ${plan.image}`;
    throw new DockerError('SandboxRelayForeign', words);
  }
  if (view.relay === 'silent') {
    throw new DockerError('SandboxNotReady', `the relay of sandbox ${sandbox.id} does not answer after ${READY_MS} ms`);
  }
  const { incarnation, sockets } = view;
  const provisioned = { created, runtime: options.runtime, incarnation, sockets };
  options.seen.keep(sandbox.id, view.life, provisioned);
  return provisioned;
}

/** A sandbox that has been looked at from inside in its present life; a paused one is woken. */
async function findSeen(
  options: ProvisionOptions,
  sandbox: SandboxSpec,
  plan: ContainerPlan,
): Promise<Provisioned | null> {
  const { engine, runDir, seen } = options;
  if (!seen.has(sandbox.id)) return null;
  const container = engine.docker.getContainer(plan.name);
  const life = await lifeOf(container, sandboxFolder(runDir, sandbox.id), sandbox);
  const known = seen.find(sandbox.id, life);
  if (known && life?.paused) await unpauseSandbox(options, sandbox.id);
  return known;
}

async function planOf(options: ProvisionOptions, sandbox: SandboxSpec): Promise<ContainerPlan> {
  const { environment, image } = sandbox.environment ?? { environment: null, image: options.image };
  const ours = {
    [LABELS.installation]: options.installation,
    [LABELS.folder]: options.runDir,
    [LABELS.sandbox]: sandbox.id,
    [LABELS.session]: sandbox.session,
    [LABELS.runner]: sandbox.runner,
  };
  const folder: SandboxFolderMount = options.runVolume
    ? { kind: 'volume', volume: options.runVolume, subpath: sandbox.id }
    : { kind: 'folder', path: sandboxFolder(options.runDir, sandbox.id) };
  return {
    name: sandboxName(options.installation, sandbox.id),
    image,
    agentUid: sandbox.agentUid,
    labels: { ...sandbox.labels, ...ours, [LABELS.image]: image },
    volumeLabels: ours,
    runtime: options.runtime,
    limits: {
      ...options.limits,
      memoryMb: environment?.memoryMb ?? options.limits.memoryMb,
      cpus: environment?.cpus ?? options.limits.cpus,
    },
    engineCpus: options.engine.info.cpus,
    folder,
    variables: { ...environment?.variables, ...options.clients.variables },
    path: sandbox.environment?.path ?? null,
    seccomp: await readFile(SECCOMP_PROFILE, 'utf8'),
    limitVolume: options.limitVolume,
    selinux: options.engine.info.selinux,
    disk: options.disk,
  };
}

/** True when this call made the container. */
async function createOrTake(options: ProvisionOptions, sandbox: SandboxSpec, plan: ContainerPlan): Promise<boolean> {
  const { docker } = options.engine;
  const deadline = Date.now() + REMOVAL_MS;
  for (;;) {
    try {
      await docker.createContainer(containerSpec(plan));
      return true;
    } catch (error) {
      if (statusOf(error) !== 409) throw creationError(plan.image, error);
    }
    if (
      await isUsable(docker, sandbox, {
        ...plan,
        accepted: sandbox.environment?.accepted ?? options.accepted,
      })
    )
      return false;
    if (Date.now() > deadline) {
      throw new DockerError('SandboxNotReady', `container ${plan.name} is being removed and does not go away`);
    }
    await delay(100);
  }
}

function creationError(image: string, error: unknown): DockerError {
  if (statusOf(error) === 404 && /no such image/i.test(wordsOf(error))) {
    return new DockerError('ImageMissing', `the sandbox image ${image} is not on this engine yet`, error);
  }
  return engineError('create the sandbox', error);
}

/** Whether the container of this name can be taken as it is. One of an older image is replaced. */
async function isUsable(
  docker: Docker,
  sandbox: SandboxSpec,
  plan: ContainerPlan & Pick<ProvisionOptions, 'accepted'>,
): Promise<boolean> {
  const container = docker.getContainer(plan.name);
  const found = await container.inspect().catch((error: unknown) => {
    if (statusOf(error) === 404) return null;
    throw engineError('look at the sandbox', error);
  });
  if (!found || found.State.Status === 'removing') return false;
  const labels = found.Config.Labels ?? {};
  if (labels[LABELS.session] !== sandbox.session) {
    throw new DockerError('SandboxTaken', `sandbox ${sandbox.id} belongs to session ${labels[LABELS.session] ?? '?'}`);
  }
  if (found.State.Status !== 'dead' && plan.accepted.includes(labels[LABELS.image] ?? '')) return true;
  await container.remove({ force: true, v: true }).catch((error: unknown) => {
    if (![404, 409].includes(statusOf(error) ?? 0)) throw engineError('replace an old sandbox', error);
  });
  return false;
}

async function wake(
  options: ProvisionOptions,
  sandbox: SandboxSpec,
  isNew: boolean,
): Promise<InsideView & { readonly life: SandboxLife | null }> {
  const container = options.engine.docker.getContainer(sandboxName(options.installation, sandbox.id));
  try {
    await startContainer(container);
  } catch (error) {
    throw sandboxError('start the sandbox', sandbox.id, error);
  }
  if (!isNew) await unpauseSandbox(options, sandbox.id);
  // Taken before the look is over: a start after it makes another life.
  const [view, life] = await Promise.all([
    lookInside(options, sandbox.id, sandbox.agentUid, { waitMs: READY_MS }),
    lifeOf(container, sandboxFolder(options.runDir, sandbox.id), sandbox),
  ]);
  return { ...view, life };
}
