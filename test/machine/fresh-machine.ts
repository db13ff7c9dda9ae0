import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { sourcesList } from '../../docker/apt-sources.ts';
import { connectEngine } from '../../docker/engine.ts';
import { readHostApt } from '../../docker/host-apt.ts';
import { ensureSandboxImage } from '../../docker/sandbox-image.ts';
import { ROOT } from '../../setup/host/home.ts';
import { runCommand } from '../../setup/host/run-command.ts';
import { docker } from '../support/installation/containers.ts';

/** A machine with Debian, Node.js, npm, Python and root, and nothing else: a container with a network of its own. */
export interface FreshMachine extends AsyncDisposable {
  /** Runs a command there to its end; what it printed. */
  run(command: string): Promise<string>;
  /** Starts one that goes on, with its output in a file there. */
  start(command: string, logFile: string): void;
}

/** How this machine's clients reach their registries. Whatever of it is there is there in the fresh one. */
const CLIENT_FILES = ['/etc/npmrc', '/etc/pip.conf', path.join(os.homedir(), '.npmrc')];
const CLIENT_VARIABLES = /^(https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|PIP_CERT|npm_config_registry)$/i;

/** Where Bellhop is on that machine. */
export const CHECKOUT = '/root/bellhop';

/** What an engine inside needs. Less than `--privileged`, which a machine that is one itself may not be able to give. */
const POWERS = [
  ...['SYS_ADMIN', 'SYS_PTRACE', 'NET_ADMIN'].flatMap((name) => ['--cap-add', name]),
  ...['seccomp', 'apparmor', 'systempaths'].flatMap((name) => ['--security-opt', `${name}=unconfined`]),
  ...['--cgroupns', 'host', '--volume', '/sys/fs/cgroup:/sys/fs/cgroup'],
];

/** The last commit is checked out there. */
export async function startFreshMachine(tell: (line: string) => void): Promise<FreshMachine> {
  await using made = new AsyncDisposableStack();
  const name = `bellhop-machine-${randomBytes(4).toString('hex')}`;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bellhop-machine-'));
  made.defer(async () => await rm(folder, { recursive: true, force: true }));
  const image = await packagesImage(tell);
  await docker('network', 'create', name);
  made.defer(async () => void (await docker('network', 'rm', name)));
  const files = CLIENT_FILES.filter((file) => existsSync(file)).flatMap((file) => ['--volume', `${file}:${file}:ro`]);
  const passed = Object.entries(process.env).filter(([key, value]) => value && CLIENT_VARIABLES.test(key));
  const variables = passed.flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  const apt = await writeAptFiles(folder);
  // One that could not be started is there as well.
  made.defer(async () => void (await docker('rm', '--force', '--volumes', name)));
  await docker(
    ...['run', '--detach', '--name', name, '--network', name, '--init', ...POWERS],
    // Its own engine keeps layers there, which cannot lie on those of the engine around it.
    ...['--volume', '/var/lib/docker', '--volume', `${folder}:/mnt/from-host:ro`, ...files, ...variables, ...apt],
    ...['--entrypoint', 'sleep', image, 'infinity'],
  );
  const run = async (command: string) => await docker('exec', name, 'bash', '-ec', command);
  await runCommand('git', ['bundle', 'create', path.join(folder, 'bellhop.bundle'), 'HEAD'], { cwd: ROOT });
  await run(
    `git init -q ${CHECKOUT}; cd ${CHECKOUT}; git fetch -q /mnt/from-host/bellhop.bundle HEAD; git checkout -q FETCH_HEAD`,
  );
  const everything = made.move();
  return {
    run,
    start(command, logFile) {
      spawn('docker', ['exec', name, 'bash', '-c', `${command} > ${logFile} 2>&1`], { stdio: 'ignore' }).unref();
    },
    [Symbol.asyncDispose]: async () => await everything.disposeAsync(),
  };
}

/** The packages of sandboxes are just what such a machine has, without what makes it a sandbox. */
async function packagesImage(tell: (line: string) => void): Promise<string> {
  await ensureSandboxImage({
    engine: await connectEngine({ env: process.env }),
    onProgress: ({ words }) => tell(words),
  });
  const [image] = (await docker('images', 'bellhop-packages', '--format', '{{.Repository}}:{{.Tag}}')).split('\n');
  if (!image) throw new Error('the engine has no image bellhop-packages');
  return image;
}

async function writeAptFiles(folder: string): Promise<string[]> {
  const { mirrors, settings, caBundle } = await readHostApt(process.env);
  const mounts: string[] = [];
  const mount = (file: string, target: string) => mounts.push('--volume', `${file}:${target}:ro`);
  if (mirrors) {
    await writeFile(path.join(folder, 'sources.list'), sourcesList(mirrors));
    mount(path.join(folder, 'sources.list'), '/etc/apt/sources.list');
  }
  await writeFile(path.join(folder, 'apt.conf'), `${settings.join('\n')}\n`);
  mount(path.join(folder, 'apt.conf'), '/etc/apt/apt.conf.d/99-machine');
  if (caBundle) mount(caBundle, '/etc/ssl/certs/ca-certificates.crt');
  return mounts;
}
