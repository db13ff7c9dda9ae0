import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Engine } from '../../docker/engine.ts';
import { reasonOf } from '../../setup/errors.ts';
import { foldersOnEngine, sweepEngine } from './sweep-engine.ts';
import { sweepProcesses } from './sweep-processes.ts';

/** The folder of a run and what lies below it; see run-folder.ts. */
const RUN = /^(.*\/bellhop-tests-(\d+))(?:\/|$)/;

/** Removes what runs that were killed, or lost their engine, have left: processes, containers, volumes and folders. */
export async function sweepDeadRuns(engine: Engine, tell: (line: string) => void): Promise<void> {
  const here = (await readdir(os.tmpdir())).map((name) => path.join(os.tmpdir(), name));
  const found = [...here, ...(await foldersOnEngine(engine))].flatMap((each) => {
    const [, folder, pid] = RUN.exec(each) ?? [];
    return folder && !existsSync(`/proc/${pid}`) ? [folder] : [];
  });
  if (process.platform !== 'linux') return;
  for (const folder of new Set(found)) {
    tell(`removing what an earlier run of the tests has left: ${folder}`);
    try {
      await sweepProcesses(folder);
      await sweepEngine(engine, folder);
      await rm(folder, { recursive: true, force: true });
    } catch (error) {
      // It is the earlier run's, and this one can go on beside it.
      tell(`something of it stays: ${reasonOf(error)}`);
    }
  }
}
