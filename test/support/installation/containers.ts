import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The engine's own command line, so that tests look at containers by other eyes than the product's. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

export async function containersOf(installation: string): Promise<string[]> {
  const names = await docker(
    'ps',
    '-a',
    '--filter',
    `label=bellhop.installation=${installation}`,
    '--format',
    '{{.Names}}',
  );
  return names === '' ? [] : names.split('\n');
}

/** Containers and volumes of one installation; never anybody else's. */
export async function removeContainersOf(installation: string): Promise<void> {
  const containers = await containersOf(installation);
  if (containers.length > 0) await docker('rm', '-f', ...containers);
  const filter = `label=bellhop.installation=${installation}`;
  const volumes = (await docker('volume', 'ls', '-q', '--filter', filter)).split('\n').filter((name) => name !== '');
  if (volumes.length > 0) await docker('volume', 'rm', '-f', ...volumes);
}
