import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommitIdentity, commitFiles } from './commit-identity.ts';
import { javaTrustStore } from './java-trust-store.ts';
import { CLIENT_FILES } from './registry-clients.ts';
import { INSIDE } from './sandbox-environment.ts';
import { sandboxFolder, sandboxSocketPath } from './sandbox-names.ts';

export interface FolderContent {
  readonly agentUid: number;
  readonly caBundle?: string;
  /** Who commits. Without it, what an earlier turn left stays. */
  readonly commits?: CommitIdentity;
  /** Settings of clients of packages; see registry-clients.ts. */
  readonly clientFiles?: Readonly<Record<string, string>>;
}

/**
 * The folder a sandbox sees read-only as /run/bellhop. The proxy makes its socket in it. The parent is closed to
 * everybody else on the machine; the folder itself is open, because containers reach it past the parent.
 */
export async function prepareFolder(runDir: string, id: string, content: FolderContent): Promise<void> {
  sandboxSocketPath(runDir, id);
  const folder = sandboxFolder(runDir, id);
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  await mkdir(join(folder, 'users'), { recursive: true });
  await chmod(folder, 0o755);
  await chmod(join(folder, 'users'), 0o755);
  const { agentUid: uid } = content;
  // For images that link these files; the library that reads them in Bellhop's own leaves out the users of the system.
  await replace(
    join(folder, 'users/passwd'),
    `root:x:0:0:root:/root:/bin/sh\nagent:x:${uid}:${uid}:agent:${INSIDE.home}:/bin/bash\n`,
  );
  await replace(join(folder, 'users/group'), `root:x:0:\nagent:x:${uid}:\n`);
  for (const [name, text] of Object.entries(content.commits ? commitFiles(content.commits) : {})) {
    await replace(join(folder, name), text);
  }
  for (const name of CLIENT_FILES) {
    const text = content.clientFiles?.[name];
    if (text === undefined) await rm(join(folder, name), { force: true });
    else await replace(join(folder, name), text);
  }
  if (content.caBundle !== undefined) await writeCertificates(folder, content.caBundle);
}

/** The certificates that the sandbox trusts, as PEM and for Java. */
async function writeCertificates(folder: string, bundle: string): Promise<void> {
  const javaStore = join(folder, 'java.p12');
  if (!existsSync(javaStore) || !(await holds(join(folder, 'ca.pem'), Buffer.from(bundle)))) {
    await replace(javaStore, javaTrustStore(bundle));
  }
  // Last, because it is what the lines above look at.
  await replace(join(folder, 'ca.pem'), bundle);
}

/**
 * Notes in the sandbox's folder that this turn and all before it are over: from then on its starter refuses their commands. The sandbox
 * cannot write there, and the note outlives a container that is killed and started again. Without a folder there is no sandbox.
 */
export async function noteOver(runDir: string, id: string, turn: number): Promise<void> {
  const file = join(sandboxFolder(runDir, id), 'over');
  const noted = Number(await readFile(file, 'utf8').catch(() => 0));
  if (noted >= turn) return;
  await replace(file, String(turn)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** The sockets in it go too. One that is gone is fine. */
export async function removeFolder(runDir: string, id: string): Promise<void> {
  await rm(sandboxFolder(runDir, id), { recursive: true, force: true });
}

/** In one go, so that a running sandbox never reads half of it. */
async function replace(path: string, content: string | Uint8Array): Promise<void> {
  const wanted = Buffer.from(content as string);
  if (await holds(path, wanted)) return;
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(temporary, wanted, { mode: 0o644 });
  await rename(temporary, path);
}

async function holds(path: string, content: Buffer): Promise<boolean> {
  const present = await readFile(path).catch(() => null);
  return present?.equals(content) ?? false;
}
