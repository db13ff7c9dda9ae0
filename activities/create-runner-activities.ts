import { createToolRegistry } from '../agent/tools/registry.ts';
import type { EgressActivities, RunnerActivities } from '../contracts/activities.ts';
import type { SandboxRuntime } from '../docker/sandbox.ts';
import type { ProxyControl } from '../proxy/control-client.ts';
import type { Database } from '../store/database.ts';
import { createBringUp } from './bring-up.ts';
import { createEnvironments } from './environments.ts';
import { createKeyedLock, type KeyedLock } from './keyed-lock.ts';
import { createMcpCalls } from './mcp-calls.ts';
import { nameFailures } from './name-failures.ts';
import type { PacedStarts } from './paced-starts.ts';
import { createShowProgress } from './progress.ts';
import { createPostedFiles, createRunTool } from './run-tool.ts';
import { createSandboxLife } from './sandbox-life.ts';
import { createSandboxPorts } from './sandbox-ports.ts';
import { createStreamEgress } from './stream-egress.ts';
import { createWorkspaceGuard } from './workspace-guard.ts';

export interface RunnerDependencies {
  readonly runner: string;
  readonly runtime: SandboxRuntime;
  readonly proxy: ProxyControl;
  readonly database: Database;
  readonly lock: KeyedLock;
  readonly pacedStarts: PacedStarts;
  /** Puts resting sandboxes away when the runner holds more containers than it has places. */
  readonly makeRoom: () => Promise<void>;
  readonly caBundle: () => Promise<string>;
  /** Aborts when the runner stops; builds of environments end then. @default never */
  readonly stopping?: AbortSignal;
  /** Builds of environments that are under way. */
  readonly builds?: Set<Promise<void>>;
  /** As `createBringUp` has it. */
  readonly gitAuthor: string | null;
  readonly workspaceMb: number;
  readonly workspaceFiles: number;
}

/** Everything one machine's own queue does. */
export function createRunnerActivities(dependencies: RunnerDependencies): RunnerActivities {
  const { runtime, proxy, database, workspaceMb, workspaceFiles } = dependencies;
  const guard = createWorkspaceGuard({ runtime, limitMb: workspaceMb, limitFiles: workspaceFiles });
  const findEnvironment = createEnvironments({
    ...dependencies,
    clock,
    stopping: dependencies.stopping ?? new AbortController().signal,
    builds: dependencies.builds ?? new Set(),
  });
  const bringUp = createBringUp({ ...dependencies, findEnvironment, guard });
  const activities = {
    ...createSandboxLife({ ...dependencies, guard, bringUp }),
    runTool: createRunTool({
      database,
      proxy,
      tools: createToolRegistry(),
      files: createPostedFiles(database),
      mcp: createMcpCalls({ database, proxy }),
      // Of its own: placing may wake a sandbox, which takes that sandbox's lock.
      placing: createKeyedLock(),
      ports: createSandboxPorts({ runtime, database, guard, bringUp, clock }),
      show: createShowProgress(database),
      clock,
    }),
  };
  return nameFailures(activities, { clock, random: Math.random });
}

/** On a queue of its own, so that long streams take no tool's slot. */
export function createEgressActivities({
  proxy,
  database,
}: Pick<RunnerDependencies, 'proxy' | 'database'>): EgressActivities {
  const activities = { streamEgress: createStreamEgress({ proxy, database }) };
  return nameFailures(activities, { clock, random: Math.random });
}

function clock(): number {
  return performance.now();
}
