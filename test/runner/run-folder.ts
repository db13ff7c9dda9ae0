import { chmod, mkdir, readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** Where one run of the tests keeps everything it makes; by it, and only by it, what was left behind is found. */
export interface RunFolder {
  readonly path: string;
  /** `TMPDIR` of the tests. */
  readonly ofTests: string;
  /** `TMPDIR` of what the tests run on. */
  readonly ofServices: string;
}

/** Not a private temporary folder: the database's user and those of sandboxes pass through it. */
export async function makeRunFolder(): Promise<RunFolder> {
  const folder = path.join(os.tmpdir(), `bellhop-tests-${process.pid}`);
  await mkdir(folder, { mode: 0o711 });
  // Sockets lie in it, whose paths may have 107 bytes.
  const ofTests = path.join(folder, 't');
  const ofServices = path.join(folder, 's');
  for (const each of [ofTests, ofServices]) {
    await mkdir(each);
    await chmod(each, 0o1777);
  }
  return { path: folder, ofTests, ofServices };
}

/** What the tests have left in their temporary folder. */
export async function filesLeftIn({ ofTests }: RunFolder): Promise<string[]> {
  return (await readdir(ofTests)).filter((name) => !isToolCache(name)).map((name) => path.join(ofTests, name));
}

/** Node.js and swc keep compiled code where temporary files go; it leaves with the folder. */
function isToolCache(name: string): boolean {
  return name === 'node-compile-cache' || name.startsWith('swc-');
}
