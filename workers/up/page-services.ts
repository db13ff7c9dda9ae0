import { rm } from 'node:fs/promises';
import { writeAtomically } from '../../setup/host/atomic-file.ts';
import { definedOf } from './own-process.ts';

/**
 * Tells the page where the other processes are, as they come up (demo/page/README.md). The page is there before any of them. The file
 * starts empty, because what the last run wrote may be wrong now.
 */
export interface PageServices {
  add(known: Readonly<Record<string, string | undefined>>): Promise<void>;
}

/** @param file `page.json`; what a former `up` wrote is removed first */
export async function createPageServices(file: string): Promise<PageServices> {
  await rm(file, { force: true });
  let known: Record<string, string> = {};
  let writing = Promise.resolve();
  return {
    async add(more) {
      known = { ...known, ...definedOf(more) };
      const text = `${JSON.stringify(known, undefined, 2)}\n`;
      writing = writing.then(async () => await writeAtomically(file, text));
      await writing;
    },
  };
}
