import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PUBLIC_MIRRORS } from './apt-sources.ts';
import { checkDiskRoom } from './disk-room.ts';
import { hasImage } from './engine-images.ts';
import { readHostApt } from './host-apt.ts';
import { readHostPip } from './host-pip.ts';
import { digestOf } from './image-digest.ts';
import { buildLayer } from './layer-build.ts';
import { fetchNodePackages, nodePackageNames, TOOL_NODE_PACKAGES } from './node-packages.ts';
import { installWords, proxyVariables, writeHostFiles } from './packages-image.ts';
import type { ImagePreparation } from './sandbox-image.ts';

const TOOLS = join(import.meta.dirname, 'image-tools');
/** The layer, what apt downloads for it, and room to write it out. */
const ROOM_MB = 5_000;
/** A quarter of the usual: people already work in sandboxes, and they go first. */
const CPU_SHARES = 256;

/** Changes with everything that makes the layer of tools, for names of images. */
export async function toolsDigest(arch: string): Promise<string> {
  return await digestOf(TOOLS, nodePackageNames(arch, TOOL_NODE_PACKAGES));
}

/** The packages, and on top of them what teams use. Returns the image's name. */
export async function ensureTools(preparation: ImagePreparation, packages: string): Promise<string> {
  const { engine, cacheDir, env, signal, say } = preparation;
  const { arch } = engine.info;
  const tag = `bellhop-tools:${await toolsDigest(arch)}-${packages.slice(packages.lastIndexOf(':') + 1)}`;
  if (await hasImage(engine, tag)) return tag;
  await checkDiskRoom(engine, ROOM_MB);
  const [apt, pip] = await Promise.all([readHostApt(env), readHostPip(env)]);
  say('tools')(`fetching ${nodePackageNames(arch, TOOL_NODE_PACKAGES).join(', ')}`);
  const tarballs = await fetchNodePackages({ arch, cacheDir, signal, packages: TOOL_NODE_PACKAGES });
  const files = await mkdtemp(join(tmpdir(), 'bellhop-tools-'));
  try {
    await cp(TOOLS, files, { recursive: true });
    const host = join(files, 'host');
    await writeHostFiles(host, { ...apt, mirrors: apt.mirrors ?? PUBLIC_MIRRORS });
    await writeFile(join(host, 'pip.conf'), pipSettings(pip, apt.caBundle !== null));
    await writeFile(join(host, 'environment'), exports(proxyVariables(env)));
    await mkdir(join(files, 'npm'));
    for (const [name, path] of tarballs) await copyFile(path, join(files, 'npm', `${name}.tgz`));
    const command = ['/bin/sh', '/build/install.sh'];
    await buildLayer(engine, {
      from: packages,
      tag,
      files,
      command,
      network: 'host',
      host: { CpuShares: CPU_SHARES },
      onLine: installWords(say('tools')),
      signal,
    });
  } finally {
    await rm(files, { recursive: true, force: true });
  }
  return tag;
}

function pipSettings({ index, further }: Awaited<ReturnType<typeof readHostPip>>, hasBundle: boolean): string {
  const lines = ['[global]'];
  if (index) lines.push(`index-url = ${index}`);
  if (further.length > 0) lines.push('extra-index-url =', ...further.map((url) => `  ${url}`));
  if (hasBundle) lines.push('cert = /build/host/ca.pem');
  return `${lines.join('\n')}\n`;
}

/** Shell: each value in single quotes. */
function exports(variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables).map(
    ([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`,
  );
  return lines.join('');
}
