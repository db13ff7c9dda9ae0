import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sourcesList } from './apt-sources.ts';
import { ensureBaseImage } from './base-image.ts';
import { checkDiskRoom } from './disk-room.ts';
import { buildImage, hasImage, pruneBuildStages } from './engine-images.ts';
import { type HostApt, readHostApt } from './host-apt.ts';
import { digestOf } from './image-digest.ts';
import { BASE_NODE_PACKAGES, fetchNodePackages, nodePackageNames } from './node-packages.ts';
import type { ImagePreparation } from './sandbox-image.ts';

const PACKAGES = join(import.meta.dirname, 'image/packages');
/** The finished image, and as much again while it is copied. */
const ROOM_MB = 3_000;

/** The image below ours: Debian with what every sandbox has. It outlives changes of our own files. Returns its name. */
export async function ensurePackages({ engine, cacheDir, env, signal, say }: ImagePreparation): Promise<string> {
  const { arch } = engine.info;
  const tag = `bellhop-packages:${await digestOf(PACKAGES, nodePackageNames(arch, BASE_NODE_PACKAGES))}`;
  if (await hasImage(engine, tag)) return tag;
  await checkDiskRoom(engine, ROOM_MB);
  const apt = await readHostApt(env);
  const base = await ensureBaseImage({ engine, apt, cacheDir, onProgress: say('base'), signal });
  say('node')(`fetching ${nodePackageNames(arch, BASE_NODE_PACKAGES).join(' and ')}`);
  const tarballs = await fetchNodePackages({ arch, cacheDir, signal, packages: BASE_NODE_PACKAGES });
  const context = await mkdtemp(join(tmpdir(), 'bellhop-image-'));
  try {
    await cp(PACKAGES, context, { recursive: true });
    for (const [name, path] of tarballs) await copyFile(path, join(context, `${name}.tgz`));
    await writeHostFiles(join(context, 'host'), apt);
    say('packages')('installing packages');
    const buildArgs = { BASE: base, ...proxyVariables(env) };
    const src = ['Dockerfile', 'install.sh', 'node.tgz', 'npm.tgz', 'host'];
    const onLine = installWords(say('packages'));
    await buildImage(engine, { context, src, tag, buildArgs, network: 'host', onLine, signal });
  } finally {
    await rm(context, { recursive: true, force: true });
    await pruneBuildStages(engine, 'bellhop.build-stage=packages');
  }
  return tag;
}

/** Hands on what is worth reading of the output of an installing script. */
export function installWords(say: (words: string) => void): (line: string) => void {
  return (line) => {
    const words = /^bellhop: (.*)/.exec(line)?.[1] ?? /^(?:Get:\d+|Unpacking|Setting up) \S+/.exec(line)?.[0];
    if (words) say(words);
  };
}

/** How the machine that builds reaches Debian packages, for a script that runs as root in a container of its network. */
export async function writeHostFiles(folder: string, apt: HostApt): Promise<void> {
  await mkdir(folder);
  const settings = [...apt.settings];
  if (apt.caBundle) {
    await copyFile(apt.caBundle, join(folder, 'ca.pem'));
    settings.push('Acquire::https::CaInfo "/build/host/ca.pem";');
  }
  if (apt.mirrors) await writeFile(join(folder, 'sources.list'), sourcesList(apt.mirrors));
  await writeFile(join(folder, 'apt.conf'), `${settings.join('\n')}\n`);
}

/** Build arguments of these names are known to the engine and not kept in the image's history. */
export function proxyVariables(env: ImagePreparation['env']): Record<string, string> {
  const names = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}
