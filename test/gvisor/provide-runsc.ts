import path from 'node:path';
import { cacheFolder } from '../../setup/host/cache.ts';
import { onPath } from '../../setup/host/on-path.ts';
import { runCommand } from '../../setup/host/run-command.ts';

/** gVisor publishes no versions but days; this one was tried. */
const VERSION = 'v0.0.0-20260905035102-160fafc42237';
const BUILD_MS = 15 * 60_000;

/** `runsc`: the one on the PATH, else one built by Go into the user's cache. */
export async function provideRunsc(environment: NodeJS.ProcessEnv, tell: (line: string) => void): Promise<string> {
  const folder = path.join(cacheFolder(environment), 'gvisor', VERSION);
  const PATH = [environment.PATH, folder].join(path.delimiter);
  const found = await onPath('runsc', { PATH }).catch(() => null);
  if (found) return found;
  await onPath('go', environment).catch(() => {
    throw new Error(
      'neither runsc nor Go is on the PATH: install one of them (https://gvisor.dev/docs/user_guide/install)',
    );
  });
  tell(`building runsc ${VERSION} (a minute or more) …`);
  const env = { ...environment, CGO_ENABLED: '0', GOBIN: folder };
  await runCommand('go', ['install', `gvisor.dev/gvisor/runsc@${VERSION}`], { env, timeoutMs: BUILD_MS });
  return path.join(folder, 'runsc');
}
