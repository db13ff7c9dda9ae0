import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { SetupError } from '../errors.ts';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';

/**
 * Takes the home for this process, or says who has it. A lock whose holder is gone is taken over.
 * @param page the address of the running page, for a person who has closed it
 */
export async function takeUpLock(file: string, page = ''): Promise<AsyncDisposable> {
  const mine = await identityOf(process.pid);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    if (await createWhole(file, JSON.stringify(mine))) {
      return { [Symbol.asyncDispose]: async () => await rm(file, { force: true }) };
    }
    const holder = await holderOfUpLock(file);
    if (holder) {
      throw new SetupError(
        'already-running',
        `Bellhop is already running here (process ${holder.pid})`,
        `${['open its page', page].filter(Boolean).join(' ')}, or stop it with Ctrl-C or: kill ${holder.pid}`,
      );
    }
    await rm(file, { force: true });
  }
  throw new SetupError('already-running', `another process is starting Bellhop here at this moment (${file})`);
}

/** The living process that holds the home, if any. */
export async function holderOfUpLock(file: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (!text) return undefined;
  const holder = JSON.parse(text) as ProcessIdentity;
  return (await isAlive(holder)) ? holder : undefined;
}

/** Creates a file with its content in one step; false when it exists. */
async function createWhole(file: string, text: string): Promise<boolean> {
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, text, { mode: 0o600 });
  try {
    await link(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}
