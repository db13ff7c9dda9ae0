import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** A folder of its own for a test, gone with it. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bellhop-test-'));
  return { path: folder, [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true }) };
}
