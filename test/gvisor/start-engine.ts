import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectEngine } from '../../docker/engine.ts';
import { runCommand } from '../../setup/host/run-command.ts';

const READY_MS = 60_000;

export interface OwnEngine extends AsyncDisposable {
  /** For `DOCKER_HOST`. */
  readonly address: string;
}

/**
 * Starts a Docker Engine beside the one of this machine, which is left as it is: own socket, own data, no network of its
 * own, and gVisor among its runtimes. Needs root.
 */
export async function startEngineWithGvisor(runsc: string): Promise<OwnEngine> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bellhop-gvisor-'));
  const address = `unix://${folder}/docker.sock`;
  const configuration = path.join(folder, 'daemon.json');
  const runtimes = { runsc: { path: runsc, runtimeArgs: ['--host-uds=open'] } };
  await writeFile(
    configuration,
    JSON.stringify({
      hosts: [address],
      'data-root': `${folder}/data`,
      'exec-root': `${folder}/exec`,
      pidfile: `${folder}/docker.pid`,
      // An engine without a bridge removes that of the other one.
      ...(existsSync('/sys/class/net/docker0') ? {} : { bridge: 'none' }),
      iptables: false,
      'ip-masq': false,
      runtimes,
    }),
  );
  const log = await open(path.join(folder, 'dockerd.log'), 'w');
  const daemon = spawn('dockerd', ['--config-file', configuration], { stdio: ['ignore', log.fd, log.fd] });
  const ended = once(daemon, 'exit');
  const engine: OwnEngine = {
    address,
    async [Symbol.asyncDispose]() {
      daemon.kill('SIGTERM');
      await ended;
      await log.close();
      await unmountBelow(folder);
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await Promise.race([
      untilItAnswers(address),
      ended.then(() => {
        throw new Error(`dockerd did not start; its words are in ${folder}/dockerd.log`);
      }),
    ]);
  } catch (error) {
    daemon.kill('SIGTERM');
    throw error;
  }
  return engine;
}

/** The engine leaves network namespaces mounted. proc_pid_mounts(5): the second column is where. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const mount of mounts.filter((each) => each.startsWith(`${folder}/`)).reverse())
    await runCommand('umount', [mount]);
}

async function untilItAnswers(address: string): Promise<void> {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    try {
      await connectEngine({ env: { DOCKER_HOST: address } });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}
