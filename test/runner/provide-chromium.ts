import { runCommand } from '../../setup/host/run-command.ts';
import { findChromium } from '../support/find-chromium.ts';

const INSTALL_MS = 600_000;

/** The page is tested in a real browser: where there is none and we may, Debian's is installed. */
export async function provideChromium(tell: (line: string) => void): Promise<void> {
  if (findChromium(process.env)) return;
  if (process.getuid?.() !== 0 || !(await has('apt-get'))) {
    throw new Error('the tests of the page need Chromium: install it, or name it in BELLHOP_TEST_CHROMIUM');
  }
  tell('Installing Chromium, for the tests of the page …');
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, timeoutMs: INSTALL_MS, signal: stop.signal };
  await runCommand('apt-get', ['update', '-qq'], options).catch(() => '');
  const args = ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'];
  await runCommand('apt-get', args, options);
}

function has(command: string): Promise<boolean> {
  return runCommand('sh', ['-c', `command -v ${command}`]).then(
    () => true,
    () => false,
  );
}
