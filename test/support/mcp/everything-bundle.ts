import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const MODULES = path.join(import.meta.dirname, '..', '..', '..', 'node_modules');
const ENTRY = path.join(MODULES, '@modelcontextprotocol', 'server-everything', 'dist', 'transports', 'stdio.js');

/** The reference server of the MCP project for stdio, with everything that it needs in one file. */
export async function everythingBundle(): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'everything-'));
  try {
    const config = path.join(folder, 'vite.config.mjs');
    const output = { entryFileNames: 'server.mjs' };
    const build = { ssr: ENTRY, outDir: folder, rollupOptions: { output } };
    await writeFile(config, `export default ${JSON.stringify({ root: MODULES, ssr: { noExternal: true }, build })}`);
    const vite = path.join(MODULES, 'vite', 'bin', 'vite.js');
    // It loads as a module only, which the tests' own loader does not take.
    await promisify(execFile)(process.execPath, [vite, 'build', '--config', config, '--logLevel', 'error']);
    return await readFile(path.join(folder, 'server.mjs'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
