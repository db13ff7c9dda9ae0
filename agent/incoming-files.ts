import { posix } from 'node:path';
import type { Database } from '../store/database.ts';
import { getFile } from '../store/files.ts';
import { filesToPlace, markPlaced } from '../store/incoming-files.ts';
import { inTurn, type TurnRef } from '../store/turn-fence.ts';
import { visibleName } from './file-names.ts';
import { isSandboxMistake, SANDBOX_MISTAKES, type SandboxPort } from './tools/sandbox-port.ts';

const FOLDER = '/workspace/uploads';
const LONGEST_NAME = 100;

/**
 * Where a file that somebody attached lies in the workspace. Characters that are dangerous in a name are replaced. Each file
 * has a folder of its own, so that two files of one name do not meet.
 */
export function incomingPath(file: string, name: string): string {
  const plain = visibleName(posix.basename(name.replaceAll('\\', '/')))
    .replace(/["'`$]/g, '_')
    .slice(-LONGEST_NAME);
  return `${FOLDER}/${file.slice(0, 8)}/${plain === '' || plain === '.' || plain === '..' ? 'file' : plain}`;
}

export interface PlaceFilesInput extends TurnRef {
  readonly sandbox: SandboxPort;
  /** Names the workspace: a sandbox placed anew has none of the files. */
  readonly sandboxId: string;
  readonly signal: AbortSignal;
}

/**
 * Writes what people attached into the workspace, each file once for each workspace.
 *
 * @returns what the model has to be told of files that could not be written; they are tried again with the next tool
 */
export async function placeIncomingFiles(database: Database, input: PlaceFilesInput): Promise<string[]> {
  const { session, sandbox, sandboxId, signal } = input;
  const problems: string[] = [];
  for (const { id, name } of await filesToPlace(database, session, sandboxId)) {
    const file = await getFile(database, id);
    if (!file) continue;
    const path = incomingPath(id, name);
    try {
      await sandbox.writeFile(path, file.bytes, { signal });
      await inTurn(database, input, (db) => markPlaced(db, id, sandboxId));
    } catch (error) {
      signal.throwIfAborted();
      if (!isSandboxMistake(error)) throw error;
      problems.push(`The attached file ${path} is not there: ${SANDBOX_MISTAKES[error.code]}`);
    }
  }
  return problems;
}
