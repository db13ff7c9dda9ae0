import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../docker/run-command.ts';
import { freePort } from './free-port.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { until } from './until.ts';

export interface ImageRegistry extends AsyncDisposable {
  /** `127.0.0.1:port`. The engine takes plain HTTP there. */
  readonly address: string;
}

/** The registry of the distribution project, from Debian's package, on this machine alone. */
export async function startImageRegistry(): Promise<ImageRegistry> {
  const program = await registryProgram();
  const folder = await temporaryFolder();
  const address = `127.0.0.1:${await freePort()}`;
  const config = join(folder.path, 'config.yml');
  await writeFile(
    config,
    `version: 0.1\nlog: { level: error }\nstorage: { filesystem: { rootdirectory: ${folder.path}/images } }\nhttp: { addr: ${address} }\n`,
  );
  const child = spawn(program, ['serve', config], { stdio: 'ignore' });
  await until(async () => (await fetch(`http://${address}/v2/`).catch(() => null))?.ok === true, 'the registry');
  return {
    address,
    async [Symbol.asyncDispose]() {
      await end(child);
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Unpacked beside the other downloads of tests, and not installed. */
async function registryProgram(): Promise<string> {
  const folder = join(homedir(), '.cache/bellhop/docker-registry');
  const program = join(folder, 'usr/bin/docker-registry');
  const isThere = () =>
    access(program).then(
      () => true,
      () => false,
    );
  if (await isThere()) return program;
  await mkdir(join(homedir(), '.cache/bellhop'), { recursive: true });
  const made = await mkdtemp(`${folder}-`);
  await runCommand('apt-get', ['download', '-q', 'docker-registry'], { cwd: made, env: process.env });
  const [file = ''] = (await readdir(made)).filter((name) => name.endsWith('.deb'));
  await runCommand('dpkg-deb', ['-x', file, '.'], { cwd: made, env: process.env });
  // Of two that came at the same time, the second one finds the first one's.
  await rename(made, folder).catch(async () => await rm(made, { recursive: true, force: true }));
  return program;
}
