import { stat } from 'node:fs/promises';
import type { Home } from '../host/home.ts';
import type { Finding } from './finding.ts';

/** Both private keys' files: only their owner may read them, and without copies every credential is lost with this machine. */
export async function checkKeyFiles({ keyFile, modelKeyFile }: Home): Promise<Finding[]> {
  return [await checkKeyFile('Key file', keyFile), await checkKeyFile('Key file for models', modelKeyFile)];
}

async function checkKeyFile(title: string, keyFile: string): Promise<Finding> {
  const finding = { id: 'key', title } as const;
  const found = await stat(keyFile).catch(() => undefined);
  if (!found) return { ...finding, state: 'later', detail: 'made at the first start' };
  const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
  if ((found.mode & 0o077) === 0)
    return { ...finding, state: 'ok', detail: `${keyFile}, mode ${mode}; keep a copy of it` };
  return { ...finding, state: 'missing', detail: `${keyFile} has mode ${mode}`, fix: `chmod 600 ${keyFile}` };
}
