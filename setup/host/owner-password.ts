import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { newPassword } from './secrets.ts';

/**
 * The password of the embedded cluster's owner. On disk before the cluster is made with it: a start that is cut off between
 * the two must not lock us out.
 */
export async function ownerPassword(home: string): Promise<string> {
  const file = path.join(home, 'postgres-password');
  const password = newPassword();
  try {
    await writeFile(file, password, { mode: 0o600, flag: 'wx', flush: true });
    return password;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readFile(file, 'utf8')).trim();
  }
}
