import { execFile } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { classify } from '../../../../proxy/dialer/address-class.ts';

const run = promisify(execFile);

/** Small, old and found in every registry. */
export const NPM_PACKAGE = 'left-pad';
export const PYTHON_PACKAGE = 'six';

/** The package registries of this machine, as its ordinary clients are configured. */
export interface Registries {
  readonly npm: string;
  readonly index: string;
  /** Everything the two clients go to, packages themselves included. */
  readonly hosts: readonly RegistryHost[];
  /** Files with the authorities that this machine adds to the usual ones. */
  readonly caBundles: readonly string[];
}

export interface RegistryHost {
  readonly host: string;
  readonly port: number;
  readonly addresses: readonly string[];
  /** Whether a rule has to name its addresses and the operator to allow them. */
  readonly special: boolean;
}

/** Asks npm and pip themselves; nothing about them is written here. @throws Error when one of them reaches nothing */
export async function findRegistries(): Promise<Registries> {
  const [npm, tarball, { index, links }] = await Promise.all([
    say('npm', ['config', 'get', 'registry']),
    say('npm', ['view', NPM_PACKAGE, 'dist.tarball']),
    askPip(),
  ]);
  const origins = new Set([npm, tarball, index, ...links].map((url) => new URL(url).origin));
  const hosts = await Promise.all([...origins].map(locate));
  const named = [process.env.NODE_EXTRA_CA_CERTS, process.env.SSL_CERT_FILE].filter((file) => file !== undefined);
  return { npm, index, hosts, caBundles: [...new Set(named)].filter((file) => existsSync(file)) };
}

async function say(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(command, [...args], { timeout: 30_000 });
  return stdout.trim();
}

/** pip tells where it looks and what it finds there only while it works. */
async function askPip(): Promise<{ index: string; links: string[] }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bellhop-pip-'));
  try {
    const options = ['--no-cache-dir', '--no-deps', '--dest', folder];
    const { stdout, stderr } = await run('python3', ['-m', 'pip', 'download', '-vvv', ...options, PYTHON_PACKAGE], {
      timeout: 60_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    const text = stdout + stderr;
    const [, index] = /^Found index url (\S+)/m.exec(text) ?? [];
    if (!index) throw new Error(`pip found no index:\n${text.slice(0, 2_000)}`);
    return { index, links: [...text.matchAll(/Found link (https:\S+)/g)].map(([, link]) => link ?? '') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function locate(origin: string): Promise<RegistryHost> {
  const { protocol, hostname, port } = new URL(origin);
  if (protocol !== 'https:') throw new Error(`${origin}: the test needs registries that speak https`);
  const addresses = (await lookup(hostname, { all: true })).map(({ address }) => address);
  const special = addresses.some((address) => classify(address)?.kind !== 'public');
  return { host: hostname, port: Number(port || 443), addresses, special };
}
