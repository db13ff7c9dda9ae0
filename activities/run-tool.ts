import { Context } from '@temporalio/activity';
import { runToolStep, type ToolStepDependencies } from '../agent/tool-step.ts';
import type { RunnerActivities } from '../contracts/activities.ts';
import { ControlError, type ProxyControl } from '../proxy/control-client.ts';
import { whileBeating } from './beating.ts';
import { failure } from './failure.ts';
import { createLiveLine } from './live-line.ts';
import type { SandboxPorts } from './sandbox-ports.ts';
import type { ShowProgress } from './show-progress.ts';

export interface RunToolDependencies extends ToolStepDependencies {
  readonly proxy: Pick<ProxyControl, 'waitForLease'>;
  readonly ports: SandboxPorts;
  readonly show: ShowProgress;
}

/** How long a tool waits for the turn's way out, which opens beside the first model call. */
const LEASE_WITHIN_MS = 5_000;

/** One tool call in the session's sandbox. A repeated attempt follows the command that the first one started. */
export function createRunTool(dependencies: RunToolDependencies): RunnerActivities['runTool'] {
  const { proxy, ports, show } = dependencies;
  return ({ session, turn, step, tool, sandbox }) =>
    whileBeating({ tool, bytes: 0 }, async (report, signal) => {
      const line = createLiveLine(show, () => undefined);
      const [port] = await Promise.all([
        ports.of({ session, turn, sandbox, run: Context.current().info.workflowExecution?.runId ?? '' }),
        proxy.waitForLease(sandbox, turn, LEASE_WITHIN_MS).catch(asFailure),
      ]);
      line.say({ session, turn, step, what: WHAT[tool] ?? `using ${tool}` });
      return runToolStep(dependencies, {
        session,
        turn,
        step,
        signal,
        sandboxId: sandbox,
        sandbox: port,
        onProgress: (bytes) => report({ tool, bytes }),
      }).finally(line.end);
    });
}

function asFailure(error: unknown): never {
  if (error instanceof ControlError) throw failure('EgressLeaseLost', error.message, { cause: error });
  throw error;
}

const WHAT: Readonly<Record<string, string>> = {
  bash: 'running a command',
  read_file: 'reading a file',
  write_file: 'writing a file',
  edit_file: 'editing a file',
  post_file: 'posting a file',
  read_thread: 'reading this thread',
};
