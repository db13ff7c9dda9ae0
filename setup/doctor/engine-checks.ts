import type { ToolsState } from '../../contracts/setup-state.ts';
import { connectEngine, type Engine } from '../../docker/engine.ts';
import { probeRuntime, runtimeWishOf } from '../../docker/runtime-choice.ts';
import { hasSandboxImage, sandboxImageName, sandboxToolsOf } from '../../docker/sandbox-image.ts';
import { canLimitVolumes } from '../../docker/workspace-disk.ts';
import { planAfter } from '../docker-engine/plan.ts';
import { reasonOf } from '../errors.ts';
import { onPath } from '../host/on-path.ts';
import type { Finding } from './finding.ts';

/** @param tools what a running Bellhop says of the larger image; undefined when none runs */
export async function checkEngine(
  environment: NodeJS.ProcessEnv,
  installation: string,
  tools: ToolsState | undefined,
): Promise<Finding[]> {
  const title = 'Docker Engine';
  let engine: Engine;
  try {
    engine = await connectEngine({ env: environment });
  } catch (error) {
    const detail = reasonOf(error);
    const plan = await planAfter(detail, environment);
    if (plan.kind === 'ask') return [{ id: 'docker', title, state: 'missing', detail, fix: plan.command }];
    return [{ id: 'docker', title, state: 'later', detail: `${detail}; \`bellhop up\` ${WHAT[plan.kind]}` }];
  }
  const { version, apiVersion, address, storageDriver } = engine.info;
  const findings: (Finding | undefined)[] = [
    { id: 'docker', title, state: 'ok', detail: `${version} at ${address} (API ${apiVersion}, ${storageDriver})` },
    checkMachine(engine),
    checkIsolation(engine, environment),
    await checkWorkspaces(engine, installation),
    await checkImage(engine, environment),
    await checkTools(engine, environment, tools),
  ];
  return findings.filter((finding) => finding !== undefined);
}

const WHAT = {
  install: 'installs docker.io and starts it',
  'start-service': 'starts the service docker',
  'start-daemon': 'starts dockerd, and stops it with itself',
} as const;

function checkMachine({ info }: Engine): Finding | undefined {
  if (!info.virtualMachine) return undefined;
  return {
    id: 'sockets',
    title: 'Sandbox sockets',
    state: 'missing',
    detail: 'the engine runs in a virtual machine, which cannot mount sockets of this one',
    fix: 'use an engine that runs on this machine itself, on Linux',
  };
}

function checkIsolation(engine: Engine, environment: NodeJS.ProcessEnv): Finding {
  const title = 'Isolation';
  try {
    const { words, fix } = probeRuntime(engine, runtimeWishOf(environment));
    if (fix === null) return { id: 'isolation', title, state: 'ok', detail: words };
    return { id: 'isolation', title, state: 'warn', detail: words, fix };
  } catch (error) {
    const fix = 'do that, or choose another BELLHOP_SANDBOX_RUNTIME';
    return { id: 'isolation', title, state: 'missing', detail: reasonOf(error), fix };
  }
}

async function checkWorkspaces(engine: Engine, installation: string): Promise<Finding> {
  const finding = { id: 'workspaces', title: 'Workspace size' } as const;
  if (await canLimitVolumes({ engine, installation })) return { ...finding, state: 'ok', detail: 'held by the engine' };
  const detail = 'held by a watchdog that looks every now and then: the engine cannot limit volumes here';
  return { ...finding, state: 'warn', detail, fix: "for a hard limit: the engine's folder on XFS with project quotas" };
}

async function checkImage(engine: Engine, environment: NodeJS.ProcessEnv): Promise<Finding> {
  const name = await sandboxImageName(engine);
  const finding = { id: 'image', title: 'Sandbox image' } as const;
  if (await hasSandboxImage(engine)) return { ...finding, state: 'ok', detail: name };
  const detail = `${name} is built by \`bellhop up\`, some minutes once, from a base image of the registry`;
  if (await canBootstrap(environment)) return { ...finding, state: 'later', detail: `${detail} or by debootstrap` };
  const fix = 'where the engine reaches no registry: run `bellhop up` once as root, with debootstrap installed';
  return { ...finding, state: 'warn', detail: `${detail} alone`, fix };
}

/** The larger image. Sandboxes work without it, with fewer programs. */
export async function checkTools(
  engine: Engine,
  environment: NodeJS.ProcessEnv,
  tools: ToolsState | undefined,
): Promise<Finding> {
  const finding = { id: 'tools', title: 'Sandbox tools' } as const;
  // What runs has an environment of its own.
  const leftOut = tools ? tools.state === 'left-out' : sandboxToolsOf(environment) === 'base';
  if (leftOut) return { ...finding, state: 'ok', detail: 'the base only: BELLHOP_SANDBOX_TOOLS is base' };
  if (await hasSandboxImage(engine, 'full')) {
    return { ...finding, state: 'ok', detail: await sandboxImageName(engine, 'full') };
  }
  if (tools?.state === 'failed') {
    const detail = `new sandboxes have the base only; the build of the rest failed: ${tools.detail}`;
    const fix = `tried again at ${tools.again ?? 'the next start'}; the whole output is in logs/tools.log of the home`;
    return { ...finding, state: 'warn', detail, fix };
  }
  const detail =
    tools?.state === 'building'
      ? `being built since ${tools.since} (${tools.detail}); until then new sandboxes have the base`
      : '`bellhop up` builds them in the background, some minutes once; until then new sandboxes have the base';
  return { ...finding, state: 'later', detail };
}

/** As docker/base-image.ts asks for it: root, and debootstrap or apt-get to install it by. */
async function canBootstrap(environment: NodeJS.ProcessEnv): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const there = ['debootstrap', 'apt-get'].map(async (tool) => await onPath(tool, environment).catch(() => undefined));
  return (await Promise.all(there)).some((file) => file !== undefined);
}
