import { statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Home } from '../host/home.ts';
import type { Finding } from './finding.ts';

const GIB = 2 ** 30;
/** The sandbox image takes 1.2 GB, and building it takes twice that. PostgreSQL and workspaces need room besides. */
const DISK_GIB = 8;
const MEMORY_GIB = 4;
/** sun_path of unix(7) holds 107 bytes; `<run folder>/<sandbox>/proxy.sock` has to fit. */
const LONGEST_RUN_FOLDER = 65;

export function checkNode(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  const detail = `${process.versions.node} (${process.execPath})`;
  if (major >= 24) return { id: 'node', title: 'Node.js', state: 'ok', detail };
  return {
    id: 'node',
    title: 'Node.js',
    state: 'missing',
    detail,
    fix: 'run it by ./bellhop, which brings its own Node',
  };
}

export async function checkDisk({ folder }: Home): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  const free = (bavail * bsize) / GIB;
  const finding = { id: 'disk', title: 'Disk', detail: `${free.toFixed(0)} GiB free for ${folder}` } as const;
  if (free >= DISK_GIB) return { ...finding, state: 'ok' };
  return { ...finding, state: 'warn', fix: `make room for ${DISK_GIB} GiB, or set BELLHOP_HOME to a bigger disk` };
}

export function checkMemory(): Finding {
  const total = os.totalmem() / GIB;
  const finding = {
    id: 'memory',
    title: 'Memory',
    detail: `${total.toFixed(0)} GiB, ${os.availableParallelism()} CPUs`,
  } as const;
  if (total >= MEMORY_GIB) return { ...finding, state: 'ok' };
  return { ...finding, state: 'warn', fix: `${MEMORY_GIB} GiB are needed for Bellhop and a few sandboxes` };
}

export function checkHome({ folder, installation }: Home): Finding {
  const { id, runFolder } = installation;
  const detail = `installation ${id} in ${folder}, sockets in ${runFolder}`;
  const bytes = Buffer.byteLength(runFolder);
  if (bytes <= LONGEST_RUN_FOLDER) return { id: 'home', title: 'State', state: 'ok', detail };
  const fix = `use a shorter path: sockets below ${path.join(runFolder, '…')} would exceed the kernel's limit`;
  return { id: 'home', title: 'State', state: 'missing', detail, fix };
}
