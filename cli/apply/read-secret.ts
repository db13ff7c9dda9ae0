import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { SecretSource } from '../../access/access-file.ts';
import { outputOf } from './output-of.ts';

export type ReadSecret = { readonly secret: string } | { readonly missing: string };

/**
 * Reads a secret from the place that `bellhop.yaml` names: an environment variable, a file, or the output of a program.
 * Relative paths start at the folder of `bellhop.yaml`, where the program is run too. One line break at the end of a
 * file or an output is dropped, because editors and programs add it.
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
        return { secret: withoutLastBreak(await readFile(file, 'utf8')) };
      } catch (error) {
        return { missing: `the file ${file} cannot be read (${(error as NodeJS.ErrnoException).code})` };
      }
    }
    case 'command': {
      const result = await outputOf(source.argv, { environment, folder });
      return 'output' in result ? { secret: withoutLastBreak(result.output) } : { missing: result.failure };
    }
    case 'stored':
      return { missing: 'it names none of fromEnv, fromFile and fromCommand' };
  }
}

function withoutLastBreak(text: string): string {
  return text.replace(/\r?\n$/, '');
}
