import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { writeAtomically } from './atomic-file.ts';
import { readJson } from './read-json.ts';

const schema = z.object({
  /** It labels containers, and is part of the names of database roles and of folders outside the home. */
  id: z.string().regex(/^[a-z0-9]{8}$/),
  /** Sandbox sockets and control sockets. */
  runFolder: z.string(),
  /** It stays the same over restarts, because the files of sessions belong to their runner. */
  runner: z.string(),
  /** Data of this installation that cannot lie in the home; made only when needed. */
  dataFolder: z.string(),
  createdAt: z.string(),
});

export type Installation = Readonly<z.infer<typeof schema>>;

/** A socket below this folder is `<folder>/<sandbox>/proxy.sock`; the kernel takes 107 bytes, we stay under 100. */
const LONGEST_RUN_FOLDER = 60;

/** Reads the installation's identity, or makes it at the first start. */
export async function openInstallation(file: string, home: string): Promise<Installation> {
  const known = await readJson(file, schema);
  const installation = known ?? newInstallation(home);
  if (!known) await writeAtomically(file, `${JSON.stringify(installation, undefined, 2)}\n`, 0o644);
  await mkdir(installation.runFolder, { recursive: true, mode: 0o700 });
  return installation;
}

function newInstallation(home: string): Installation {
  const id = randomBytes(4).toString('hex');
  const isRoot = process.getuid?.() === 0;
  const inHome = path.join(home, 'run');
  const outside = path.join(isRoot ? '/run/bellhop' : path.join(os.tmpdir(), `bellhop-${process.getuid?.()}`), id);
  return {
    id,
    runFolder: Buffer.byteLength(inHome) <= LONGEST_RUN_FOLDER ? inHome : outside,
    runner: id,
    dataFolder: path.join('/var/lib/bellhop', id),
    createdAt: new Date().toISOString(),
  };
}
