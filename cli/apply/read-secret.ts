import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { SecretSource } from '../../access/access-file.ts';

export type ReadSecret = { readonly secret: string } | { readonly missing: string };

/**
 * Reads a secret where the file says it is: in the environment of whoever applies, or in a file of theirs, whose path
 * counts from the folder of `bellhop.yaml`. One line break at the end is the editor's and dropped.
 */
export async function readSecret(
  source: SecretSource,
  { environment, folder }: { readonly environment: NodeJS.ProcessEnv; readonly folder: string },
): Promise<ReadSecret> {
  switch (source.from) {
    case 'environment': {
      const secret = environment[source.name];
      return secret ? { secret } : { missing: `the environment variable ${source.name} is not set` };
    }
    case 'file': {
      const file = path.resolve(folder, source.path);
      try {
        return { secret: (await readFile(file, 'utf8')).replace(/\r?\n$/, '') };
      } catch (error) {
        return { missing: `the file ${file} cannot be read (${(error as NodeJS.ErrnoException).code})` };
      }
    }
    case 'stored':
      return { missing: 'it names neither fromEnv nor fromFile' };
  }
}
