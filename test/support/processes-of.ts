import { readdir, readFile } from 'node:fs/promises';

export interface RunningProcess {
  readonly pid: number;
  /** Its command line. */
  readonly command: string;
}

/**
 * Every process of this machine whose command line or environment names the folder, but the one that asks. By proc(5), so on Linux
 * only.
 */
export async function processesOf(folder: string): Promise<RunningProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const read = async (what: string) => await readFile(`/proc/${pid}/${what}`, 'utf8').catch(() => '');
      const [command, environment] = [await read('cmdline'), await read('environ')];
      if (!`${command}${environment}`.includes(folder)) return [];
      return [{ pid: Number(pid), command: command.replaceAll('\0', ' ').trim() }];
    }),
  );
  return found.flat();
}
