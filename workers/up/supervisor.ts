import path from 'node:path';
import type { SupervisedProcess } from '../../contracts/setup-state.ts';
import { SetupError } from '../../setup/errors.ts';
import type { ChildSpec, ReadyLine } from './child-spec.ts';
import { lastWords } from './last-words.ts';
import { recordChild } from './leftovers.ts';
import { type Child, spawnChild } from './spawn-child.ts';
import { type Supervised, supervise } from './supervised.ts';

/** A process that does one thing and ends. */
export type Task = Pick<ChildSpec, 'name' | 'script' | 'args' | 'env' | 'secrets'>;

/** How long a task may take to end after SIGTERM. Its next run mends whatever it left half-done. */
const TASK_STOP_MS = 5_000;

export interface SupervisorOptions {
  readonly logs: string;
  /** Folder of the records of children. */
  readonly children: string;
  readonly onChange: () => void;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
}

export interface Supervisor {
  /** Starts a process and keeps it running. Resolves when it can be used. */
  start(spec: ChildSpec): Promise<ReadyLine | undefined>;
  /** Runs a task to its end. Rejects with its last words when it fails. */
  run(task: Task, onLine: (text: string) => void): Promise<void>;
  /** Ends a process by SIGKILL. False when there is none of that name, or it does not run just now. */
  kill(name: string): boolean;
  /** Stops all of them, one after the other; the one that was started last is stopped first. */
  stopAll(): Promise<void>;
  view(): SupervisedProcess[];
  logFile(name: string): string;
}

/** One for each start of `up`. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const processes = new Map<string, Supervised>();
  const tasks = new Set<Child>();
  let stopping = false;
  const logFile = (name: string) => path.join(options.logs, `${name}.log`);

  return {
    async start(spec) {
      if (stopping) throw new SetupError('stopping', `${spec.name} is not started any more`);
      const supervised = supervise(spec, {
        logFile: logFile(spec.name),
        onChange: options.onChange,
        onPid: async (pid) => await recordChild(options.children, spec.name, pid),
        log: options.log,
      });
      processes.set(spec.name, supervised);
      return await supervised.start();
    },
    async run(task, onLine) {
      if (stopping) throw new SetupError('stopping', `${task.name} is not started any more`);
      const child = await spawnChild(task, logFile(task.name), onLine);
      if (stopping) child.killGroup();
      tasks.add(child);
      await recordChild(options.children, task.name, child.pid);
      const { code, signal } = await child.exited;
      tasks.delete(child);
      await recordChild(options.children, task.name, undefined);
      if (stopping) throw new SetupError('stopping', `${task.name} was stopped`);
      if (code === 0) return;
      const words = await lastWords(logFile(task.name));
      const end = signal ? `ended by ${signal}` : `failed with exit code ${code}`;
      throw new SetupError('child-failed', words || `${task.name} ${end}`, `read ${logFile(task.name)}`);
    },
    kill: (name) => processes.get(name)?.kill() ?? false,
    async stopAll() {
      stopping = true;
      for (const task of tasks) {
        task.signal('SIGTERM');
        setTimeout(() => task.killGroup(), TASK_STOP_MS).unref();
      }
      await Promise.all([...tasks].map(async (task) => await task.exited));
      for (const supervised of [...processes.values()].reverse()) await supervised.stop();
    },
    view: () => [...processes.values()].map((supervised) => supervised.view()),
    logFile,
  };
}
