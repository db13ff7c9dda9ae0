import { posix } from 'node:path';
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from '../store/database.ts';
import { filesToPlace, markPlaced } from '../store/incoming-files.ts';
import type { SandboxPort } from './tools/sandbox-port.ts';

const FOLDER = '/workspace/uploads';
const LONGEST_NAME = 100;

/**
 * Where a file that somebody attached lies in the workspace. Its name is kept as far as it is a plain one; a folder for
 * each file keeps two of the same name apart.
 */
export function incomingPath(file: string, name: string): string {
  const plain = posix
    .basename(name.replaceAll('\\', '/'))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in a file name
    .replace(/[\u0000-\u001f\u007f"'`$]/g, '_')
    .slice(-LONGEST_NAME);
  return `${FOLDER}/${file.slice(0, 8)}/${plain === '' || plain === '.' || plain === '..' ? 'file' : plain}`;
}

export interface PlaceFilesInput {
  readonly session: SessionId;
  readonly sandbox: SandboxPort;
  readonly sandboxId: string;
  readonly signal: AbortSignal;
}

/** Writes what people attached into the workspace, each file once for each workspace. */
export async function placeIncomingFiles(db: Queryable, input: PlaceFilesInput): Promise<void> {
  const { session, sandbox, sandboxId, signal } = input;
  for (const { id, name, bytes } of await filesToPlace(db, session, sandboxId)) {
    await sandbox.writeFile(incomingPath(id, name), bytes, { signal });
    await markPlaced(db, id, sandboxId);
  }
}
