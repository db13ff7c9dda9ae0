import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { DockerError } from './errors.ts';
import type { SandboxContext } from './sandbox-context.ts';
import { sandboxName } from './sandbox-names.ts';
import { within } from './within.ts';

const ENGINE_MS = 3_000;
const GONE_MS = 10_000;

/**
 * Ends a whole container when its agent cannot be ended from inside. Its workspace stays, and the next start is a new
 * incarnation. An agent that stops our own exec half-way can make the engine hang on this one container. Then its first
 * process is killed from outside, and the kernel ends all others with it.
 */
export async function endContainer({ engine, installation }: SandboxContext, id: string): Promise<void> {
  const { docker } = engine;
  const name = sandboxName(installation, id);
  const running = () => find(docker, name);
  const known = await running();
  if (!known) return;
  await within(ENGINE_MS, docker.getContainer(known.Id).kill()).catch(() => undefined);
  for (let waited = 0; waited < GONE_MS; waited += 200) {
    if (!(await running())) return;
    for (const pid of await firstProcesses(known.Id)) process.kill(pid, 'SIGKILL');
    await sleep(200);
  }
  throw new DockerError('ExecFailed', `sandbox ${id} could not be ended`);
}

/** The engine lists containers without asking each of them, so this answers also while one of them hangs. */
async function find(docker: Docker, name: string): Promise<Docker.ContainerInfo | undefined> {
  const found = await docker.listContainers({ filters: { name: [`^/${name}$`], status: ['running', 'paused'] } });
  return found[0];
}

/** The first process of a container as this machine sees it; none where the engine is on another one. */
async function firstProcesses(container: string): Promise<number[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(pids.map((pid) => isFirstOf(pid, container)));
  return pids.filter((_, index) => found[index]).map(Number);
}

async function isFirstOf(pid: string, container: string): Promise<boolean> {
  const cgroup = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  if (!cgroup.includes(container)) return false;
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  // NSpid, proc(5): its last number is the pid in the innermost namespace.
  return /^NSpid:.*\s1$/m.test(status);
}
