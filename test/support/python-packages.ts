import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CACHE = path.resolve('node_modules/.cache/python');
const INSTALL_MS = 500_000;

/**
 * A Python that has the packages of a requirements file. They are put into a folder of their own, once, and nothing else of
 * this machine changes. pip takes packages from wherever this machine takes them.
 *
 * @returns the path of a program to run in place of `python3`
 */
export async function pythonWith(requirements: string): Promise<string> {
  const text = await readFile(requirements, 'utf8');
  const folder = path.join(CACHE, createHash('sha256').update(text).digest('hex').slice(0, 16));
  const program = path.join(folder, 'python');
  if (existsSync(program)) return program;
  // Two runs may make it at once. Each makes its own, and the first that is whole stays.
  const draft = `${folder}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', draft, '-r', requirements];
  await run('python3', pip, { timeout: INSTALL_MS });
  const script = '#!/bin/sh\nPYTHONPATH="$(dirname "$0")" exec python3 "$@"\n';
  await writeFile(path.join(draft, 'python'), script, { mode: 0o755 });
  await rename(draft, folder).catch(() => rm(draft, { recursive: true, force: true }));
  return program;
}
