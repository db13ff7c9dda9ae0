import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from '../host/run-command.ts';
import { installBinary } from './install-binary.ts';
import type { TemporalRelease } from './release.ts';

const CONNECT_MS = 5_000;
const WHOLE_MS = 120_000;

/** Fetches the vendor's archive into the cache. An address that does not answer within five seconds is given up. */
export async function downloadOfficial(release: TemporalRelease, target: string, signal: AbortSignal): Promise<string> {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const url = `${release.archives}/v${release.version}?platform=${process.platform}&arch=${arch}`;
  const archive = await fetchArchive(url, signal);
  return await installBinary(target, release, async (folder) => {
    const file = path.join(folder, 'temporal.tar.gz');
    await writeFile(file, archive);
    await runCommand('tar', ['-xzf', file, '-C', folder, 'temporal'], { signal });
    return path.join(folder, 'temporal');
  });
}

async function fetchArchive(url: string, stop: AbortSignal): Promise<Uint8Array> {
  const abort = new AbortController();
  const connecting = setTimeout(
    () => abort.abort(new Error(`no answer from ${url} in ${CONNECT_MS / 1000} s`)),
    CONNECT_MS,
  );
  try {
    const signal = AbortSignal.any([stop, abort.signal, AbortSignal.timeout(WHOLE_MS)]);
    const response = await fetch(url, { signal });
    clearTimeout(connecting);
    if (!response.ok) throw new Error(`${url} answers ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    const cause = error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
    throw cause instanceof Error ? cause : new Error(String(cause));
  } finally {
    clearTimeout(connecting);
  }
}
