import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';

const PROJECT = path.join(import.meta.dirname, '../../..');
/** Everything the web app is made of. */
const SOURCES = ['demo/page/web', 'demo/page/contract', 'admin/web', 'contracts', 'package-lock.json'];

/**
 * Builds the web app with Vite unless these very sources were built before, and returns the folder.
 * @param home the build lands in `<home>/web/<hash of the sources>`; older builds are removed
 */
export async function buildWeb(home: string): Promise<string> {
  const hash = await hashOfSources();
  const parent = path.join(home, 'web');
  const folder = path.join(parent, hash);
  if (await exists(path.join(folder, 'index.html'))) return folder;

  await mkdir(parent, { recursive: true });
  const building = `${folder}.${process.pid}`;
  const [{ build }, { default: react }] = await Promise.all([import('vite'), import('@vitejs/plugin-react')]);
  await build({
    configFile: false,
    root: path.join(PROJECT, 'demo/page/web'),
    logLevel: 'warn',
    plugins: [react()],
    build: { outDir: building, emptyOutDir: true, modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  });
  // Two processes may build at once. The second one throws its build away.
  await rename(building, folder).catch(() => rm(building, { recursive: true, force: true }));
  for (const other of await readdir(parent)) {
    if (other !== hash) await rm(path.join(parent, other), { recursive: true, force: true });
  }
  return folder;
}

async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const file of await filesIn(path.join(PROJECT, source))) {
      hash
        .update(path.relative(PROJECT, file))
        .update('\0')
        .update(await readFile(file))
        .update('\0');
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function filesIn(place: string): Promise<string[]> {
  const entries = await readdir(place, { withFileTypes: true, recursive: true }).catch(() => null);
  // Not a folder: the file itself.
  if (!entries) return [place];
  return entries.flatMap((entry) => (entry.isFile() ? [path.join(entry.parentPath, entry.name)] : [])).sort();
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
