import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type DebianMirrors, debianMirrors } from './apt-sources.ts';

/** How this machine reaches Debian packages. Used while the image is built, and nowhere in it afterwards. */
export interface HostApt {
  readonly mirrors: DebianMirrors | null;
  /** Lines of apt.conf: proxies, and the certificates to check https mirrors with. */
  readonly settings: readonly string[];
  /** PEM file with the certificates this machine trusts; null when none is found. */
  readonly caBundle: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Never fails. What cannot be read is left out, such as on a machine without apt. */
export async function readHostApt(env: Environment): Promise<HostApt> {
  const bundles = [env.SSL_CERT_FILE, '/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];
  return {
    mirrors: debianMirrors(await readSources()),
    settings: await readProxySettings(),
    caBundle: bundles.find((path) => path && existsSync(path)) ?? null,
  };
}

async function readSources(): Promise<string[]> {
  const folder = '/etc/apt/sources.list.d';
  const names = await readdir(folder).catch(() => []);
  const paths = names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => join(folder, name));
  return await Promise.all(['/etc/apt/sources.list', ...paths].map((path) => readFile(path, 'utf8').catch(() => '')));
}

async function readProxySettings(): Promise<string[]> {
  try {
    const { stdout } = await promisify(execFile)('apt-config', ['dump']);
    return stdout.split('\n').filter((line) => /^Acquire::https?::(\S+::)?Proxy /i.test(line));
  } catch {
    return [];
  }
}
