import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { SetupState } from '../../contracts/setup-state.ts';
import type { Home } from '../../setup/host/home.ts';

/** The address of the running page with its token, as it was printed at the start. Undefined when it is not known. */
export async function runningPage(home: Pick<Home, 'folder' | 'setupState'>): Promise<string | undefined> {
  try {
    const { addresses } = JSON.parse(await readFile(home.setupState, 'utf8')) as SetupState;
    const token = (await readFile(path.join(home.folder, 'page-token'), 'utf8')).trim();
    return addresses.page && `${addresses.page}/?token=${token}`;
  } catch {
    return undefined;
  }
}
