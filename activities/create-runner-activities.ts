import { createToolRegistry } from '../agent/tools/registry.ts';
import { createThreadPort } from '../agent/tools/thread-port.ts';
import type { EgressActivities, RunnerActivities } from '../contracts/activities.ts';
import type { SandboxRuntime } from '../docker/sandbox.ts';
import type { ProxyControl } from '../proxy/control-client.ts';
import type { Database } from '../store/database.ts';
import { createBringUp } from './bring-up.ts';
import { namingDatabaseFailures } from './database-failures.ts';
import type { KeyedLock } from './keyed-lock.ts';
import { createPostedFiles } from './posted-files.ts';
import { createRunTool } from './run-tool.ts';
import { createSandboxLife } from './sandbox-life.ts';
import { createSandboxPorts } from './sandbox-ports.ts';
import { createShowProgress } from './show-progress.ts';
import { createStreamEgress } from './stream-egress.ts';
import { createTellThread } from './tell-thread.ts';
import { createWorkspaceGuard } from './workspace-guard.ts';

export interface RunnerDependencies {
  readonly runner: string;
  readonly runtime: SandboxRuntime;
  readonly proxy: ProxyControl;
  readonly database: Database;
  readonly lock: KeyedLock;
  readonly caBundle: () => Promise<string>;
  readonly workspaceMb: number;
  readonly workspaceFiles: number;
}

/** Everything one machine's own queue does. */
export function createRunnerActivities(dependencies: RunnerDependencies): RunnerActivities {
  const { runtime, proxy, database, workspaceMb, workspaceFiles } = dependencies;
  const guard = createWorkspaceGuard({ runtime, limitMb: workspaceMb, limitFiles: workspaceFiles });
  const bringUp = createBringUp({ ...dependencies, guard, tellThread: createTellThread(database) });
  const clock = (): number => performance.now();
  return namingDatabaseFailures({
    ...createSandboxLife({ ...dependencies, guard, bringUp }),
    runTool: createRunTool({
      database,
      proxy,
      tools: createToolRegistry(),
      files: createPostedFiles(database),
      thread: createThreadPort(database),
      ports: createSandboxPorts({ runtime, database, guard, bringUp, clock }),
      show: createShowProgress(database),
    }),
  });
}

/** On a queue of its own, so that long streams take no tool's slot. */
export function createEgressActivities({
  proxy,
  database,
}: Pick<RunnerDependencies, 'proxy' | 'database'>): EgressActivities {
  return namingDatabaseFailures({ streamEgress: createStreamEgress({ proxy, database }) });
}
