import path from 'node:path';
import type { SupervisedProcess } from '../../contracts/setup-state.ts';
import { SetupError } from '../../setup/errors.ts';
import type { ChildSpec, ReadyLine } from './child-spec.ts';
import { recordChild } from './leftovers.ts';
import { type Supervised, supervise } from './supervised.ts';

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
  /** False when there is no such process, or it does not run just now. */
  kill(name: string): boolean;
  /** Stops them one after the other, the last started first. */
  stopAll(): Promise<void>;
  view(): SupervisedProcess[];
  logFile(name: string): string;
}

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const processes = new Map<string, Supervised>();
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
    kill: (name) => processes.get(name)?.kill() ?? false,
    async stopAll() {
      stopping = true;
      for (const supervised of [...processes.values()].reverse()) await supervised.stop();
    },
    view: () => [...processes.values()].map((supervised) => supervised.view()),
    logFile,
  };
}
