import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from '../host/run-command.ts';
import { installBinary } from './install-binary.ts';

/** The vendor's own address of CLI archives: https://docs.temporal.io/cli/setup-cli */
export const OFFICIAL_ARCHIVES = 'https://temporal.download/cli/archive';
const CONNECT_MS = 5_000;
const WHOLE_MS = 120_000;

/** Fetches the vendor's archive into the cache. An address that does not answer within five seconds is given up. */
export async function downloadOfficial(version: string, target: string): Promise<string> {
  const platform = process.platform;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const archive = await fetchArchive(`${OFFICIAL_ARCHIVES}/v${version}?platform=${platform}&arch=${arch}`);
  return await installBinary(target, async (folder) => {
    const file = path.join(folder, 'temporal.tar.gz');
    await writeFile(file, archive);
    await runCommand('tar', ['-xzf', file, '-C', folder, 'temporal']);
    return path.join(folder, 'temporal');
  });
}

async function fetchArchive(url: string): Promise<Uint8Array> {
  const abort = new AbortController();
  const connecting = setTimeout(
    () => abort.abort(new Error(`no answer from ${url} in ${CONNECT_MS / 1000} s`)),
    CONNECT_MS,
  );
  try {
    const response = await fetch(url, { signal: AbortSignal.any([abort.signal, AbortSignal.timeout(WHOLE_MS)]) });
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
