import { posix } from 'node:path';
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from '../store/database.ts';
import { getFile } from '../store/files.ts';
import { filesToPlace, markPlaced } from '../store/incoming-files.ts';
import { isSandboxMistake, SANDBOX_MISTAKES, type SandboxPort } from './tools/sandbox-port.ts';

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
  /** Names the workspace: a sandbox placed anew has none of the files. */
  readonly sandboxId: string;
  readonly signal: AbortSignal;
}

/**
 * Writes what people attached into the workspace, each file once for each workspace.
 *
 * @returns what the model has to be told of files that could not be written; they are tried again with the next tool
 */
export async function placeIncomingFiles(db: Queryable, input: PlaceFilesInput): Promise<string[]> {
  const { session, sandbox, sandboxId, signal } = input;
  const problems: string[] = [];
  for (const { id, name } of await filesToPlace(db, session, sandboxId)) {
    const file = await getFile(db, id);
    if (!file) continue;
    const path = incomingPath(id, name);
    try {
      await sandbox.writeFile(path, file.bytes, { signal });
      await markPlaced(db, id, sandboxId);
    } catch (error) {
      signal.throwIfAborted();
      if (!isSandboxMistake(error)) throw error;
      problems.push(`The attached file ${path} is not there: ${SANDBOX_MISTAKES[error.code]}`);
    }
  }
  return problems;
}
