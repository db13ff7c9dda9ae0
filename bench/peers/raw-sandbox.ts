import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type ContainerPlan, containerSpec } from '../../docker/container-spec.ts';
import type { Engine } from '../../docker/engine.ts';
import { DEFAULT_LIMITS } from '../../docker/sandbox.ts';
import { prepareFolder } from '../../docker/sandbox-folder.ts';
import { LABELS, sandboxFolder, sandboxName } from '../../docker/sandbox-names.ts';
import { diskOf } from '../../docker/workspace-disk.ts';

export interface RawSandboxOptions {
  readonly engine: Engine;
  readonly image: string;
  /** Goes into the label by which everything of a bench run is removed. */
  readonly installation: string;
  readonly runDir: string;
}

export interface RawSandboxes {
  /** What the engine is asked for: to the letter what the product asks for. The folder it mounts is made here. */
  plan(): Promise<ContainerPlan>;
  create(plan: ContainerPlan): Promise<void>;
  /** The same, on the machine's own network and without a relay. Runs until it is removed. */
  startOnHostNetwork(plan: ContainerPlan): Promise<void>;
  start(name: string): Promise<void>;
  /** Runs a command as the agent's user and returns its exit code. */
  exec(name: string, uid: number, command: readonly string[]): Promise<number | null>;
  remove(name: string): Promise<void>;
}

/** The engine's own calls on a container with the options of a sandbox, with nothing of the product around them. */
export function createRawSandboxes({ engine, image, installation, runDir }: RawSandboxOptions): RawSandboxes {
  const { docker } = engine;
  return {
    async plan() {
      const id = `raw${randomBytes(6).toString('hex')}`;
      const agentUid = 100_000 + randomBytes(3).readUIntBE(0, 3);
      await prepareFolder(runDir, id, { agentUid, caBundle: '' });
      const labels = { [LABELS.installation]: installation, [LABELS.sandbox]: id };
      return {
        name: sandboxName(installation, id),
        image,
        agentUid,
        labels,
        volumeLabels: labels,
        runtime: 'runc',
        limits: DEFAULT_LIMITS,
        engineCpus: engine.info.cpus,
        folder: { kind: 'folder', path: sandboxFolder(runDir, id) },
        variables: {},
        seccomp: await readFile(path.join(import.meta.dirname, '../../docker/seccomp/profile.json'), 'utf8'),
        limitVolume: false,
        selinux: false,
        path: null,
        disk: await diskOf(engine),
      };
    },
    async create(plan) {
      await docker.createContainer(containerSpec(plan));
    },
    async startOnHostNetwork(plan) {
      const { HostConfig, ...spec } = containerSpec(plan);
      const container = await docker.createContainer({
        ...spec,
        Entrypoint: ['sleep', 'infinity'],
        NetworkDisabled: false,
        // The engine refuses network sysctls, that would be the machine's own.
        HostConfig: { ...HostConfig, NetworkMode: 'host', Sysctls: {} },
      });
      await container.start();
    },
    async start(name) {
      await docker.getContainer(name).start();
    },
    async exec(name, uid, command) {
      const exec = await docker.getContainer(name).exec({
        Cmd: [...command],
        User: `${uid}:${uid}`,
        AttachStdout: true,
        AttachStderr: true,
      });
      const stream = await exec.start({});
      stream.resume();
      await new Promise((resolve, reject) => stream.once('end', resolve).once('error', reject));
      return (await exec.inspect()).ExitCode;
    },
    async remove(name) {
      await docker.getContainer(name).remove({ force: true, v: true });
      await docker.getVolume(name).remove({ force: true });
    },
  };
}
