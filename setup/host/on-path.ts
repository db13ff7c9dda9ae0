import { access, constants } from 'node:fs/promises';
import path from 'node:path';

/** The absolute path of a program, found as a shell finds it. */
export async function onPath(program: string, environment: NodeJS.ProcessEnv): Promise<string> {
  for (const folder of (environment.PATH ?? '').split(path.delimiter).filter(Boolean)) {
    const file = path.resolve(folder, program);
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return file;
  }
  throw new Error('not there');
}
