import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sandboxFolder, sandboxSocketPath } from './sandbox-names.ts';

export interface FolderContent {
  readonly agentUid: number;
  readonly caBundle?: string;
  readonly javaStore?: Uint8Array;
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
  await replace(join(folder, 'users/passwd'), `agent:x:${uid}:${uid}:agent:/workspace/.home:/bin/bash\n`);
  await replace(join(folder, 'users/group'), `agent:x:${uid}:\n`);
  if (content.caBundle !== undefined) await replace(join(folder, 'ca.pem'), content.caBundle);
  if (content.javaStore !== undefined) await replace(join(folder, 'java.p12'), content.javaStore);
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
  const present = await readFile(path).catch(() => null);
  if (present?.equals(wanted)) return;
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(temporary, wanted, { mode: 0o644 });
  await rename(temporary, path);
}
