import { type SpawnedWorker, spawnWorker } from '../spawn-worker.ts';

/** One of the product's processes, which a test may end and start again. */
export interface WorkerProcess {
  readonly name: string;
  readonly pid: number;
  /** Everything every run of it wrote to stdout and stderr. */
  output(): string;
  /** Ends it; resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again after `kill`. */
  restart(): Promise<void>;
}

export async function startWorkerProcess(
  name: string,
  environment: Readonly<Record<string, string>>,
): Promise<WorkerProcess> {
  let earlier = '';
  let running: SpawnedWorker | null = null;
  const start = async (): Promise<void> => {
    running = spawnWorker(name, environment);
    await running.ready();
  };
  try {
    await start();
  } catch (error) {
    await (running as SpawnedWorker | null)?.kill('SIGKILL');
    throw error;
  }
  return {
    name,
    get pid() {
      return running?.pid ?? 0;
    },
    output: () => earlier + (running?.output() ?? ''),
    async kill(signal = 'SIGKILL') {
      const ending = running;
      if (!ending) return;
      await ending.kill(signal);
      earlier += ending.output();
      running = null;
    },
    restart: start,
  };
}
