/**
 * `npm run test:forge [path …]`: the tests on a real forge, Gitea, which Go builds where the user's cache has none. Not part of
 * `npm test`, because it needs Go. It ends with 3 when there is no forge to test on.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { reasonOf } from '../../setup/errors.ts';
import { ROOT } from '../../setup/host/home.ts';
import { onInterruption } from '../runner/interruption.ts';
import { provideGitea } from './support/provide-gitea.ts';

const interruption = onInterruption();
const tell = (line: string): void => console.error(line);

const NO_FORGE = 3;

try {
  const built = await provideGitea(process.env, tell).catch((error: unknown) => {
    tell(`tests on a forge did not run: ${reasonOf(error)}`);
    return null;
  });
  if (!built) process.exit(NO_FORGE);
  interruption.signal.throwIfAborted();
  const chosen = process.argv.slice(2);
  const tests = spawn(process.execPath, ['test/run.ts', ...(chosen.length > 0 ? chosen : ['test/forge'])], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  interruption.signal.addEventListener('abort', () => tests.kill('SIGTERM'), { once: true });
  const [code] = (await once(tests, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
} catch (error) {
  tell(`tests on a forge: ${reasonOf(error)}`);
  process.exitCode = 1;
}
