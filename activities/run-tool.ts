import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { shownToolName } from '../access/mcp/wire-name.ts';
import { StepError } from '../agent/errors.ts';
import { runToolStep, type ToolStepDependencies } from '../agent/tool-step.ts';
import type { FilesPort } from '../agent/tools/tool.ts';
import type { RunnerActivities } from '../contracts/activities.ts';
import { stepIdOf, threadOf } from '../contracts/ids.ts';
import { type CallClock, startCallClock } from '../mcp/call-clock.ts';
import { ControlError, type ProxyControl } from '../proxy/control-client.ts';
import type { Database } from '../store/database.ts';
import { StoreError } from '../store/errors.ts';
import { saveFile } from '../store/files.ts';
import { putFile } from '../store/outbox.ts';
import { inTurn } from '../store/turn-fence.ts';
import { isUnreachable } from '../store/unreachable.ts';
import { whileBeating } from './beating.ts';
import { createLiveLine, type ShowProgress } from './progress.ts';
import { spendRetry } from './retry-budget.ts';
import type { SandboxPorts } from './sandbox-ports.ts';

export interface RunToolDependencies extends ToolStepDependencies {
  readonly proxy: Pick<ProxyControl, 'waitForLease'>;
  readonly ports: SandboxPorts;
  readonly show: ShowProgress;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

/** How long a tool waits for the turn's way out, which opens beside the first model call. */
const LEASE_WITHIN_MS = 5_000;

/** A proxy that is started again is back in seconds; an engine in a minute. */
const PROXY_BUDGET = { cause: 'proxy', windowMs: 300_000, firstPauseMs: 500, longestPauseMs: 10_000 };
const SANDBOX_BUDGET = { cause: 'sandbox', windowMs: 180_000, firstPauseMs: 500, longestPauseMs: 10_000 };

/** One tool call in the session's sandbox. A repeated attempt follows the command that the first one started. */
export function createRunTool(dependencies: RunToolDependencies): RunnerActivities['runTool'] {
  const { database, proxy, ports, show, clock } = dependencies;
  return ({ session, turn, step, tool, sandbox, workMs }) => {
    const ref = { session, turn, step };
    const began = clock();
    return whileBeating({ tool, bytes: 0 }, async (report, stopped) => {
      const line = createLiveLine(show, () => undefined);
      const work = workMs === undefined ? null : startWork(workMs);
      const signal = work ? AbortSignal.any([stopped, work.late]) : stopped;
      const waited = () => (work && work.withoutMs() > 0 ? { waitedMs: Math.ceil(work.withoutMs()) } : {});
      try {
        const run = Context.current().info.workflowExecution?.runId ?? '';
        const [port] = await Promise.all([
          ports.of({ session, turn, sandbox, run }),
          proxy.waitForLease(sandbox, turn, LEASE_WITHIN_MS),
        ]);
        let what = WHAT[tool] ?? `using ${shownToolName(tool)}`;
        line.say({ ...ref, what });
        const onSteps = (progress: string) => {
          line.say({ ...ref, what: `${what} (${progress})` });
          report({ tool, bytes: 0 });
        };
        const onDoing = (doing: string) => {
          what = doing;
          line.say({ ...ref, what });
        };
        const onProgress = (bytes: number) => report({ tool, bytes });
        const result = await runToolStep(dependencies, {
          ...ref,
          signal,
          sandboxId: sandbox,
          sandbox: port,
          onProgress,
          onSteps,
          onDoing,
          waiting: work?.without,
        });
        return { ...result, ...waited() };
      } catch (error) {
        // The step is left open, and is settled with the turn.
        if (work?.late.aborted && !stopped.aborted) {
          return { exitCode: null, truncated: false, isLate: true, ...waited() };
        }
        if (signal.aborted || hasItsOwnRule(error)) throw error;
        const tookMs = clock() - began;
        throw error instanceof ControlError
          ? await spendRetry(database, ref, PROXY_BUDGET, { type: 'EgressLeaseLost', error, tookMs })
          : await spendRetry(database, ref, SANDBOX_BUDGET, { type: 'SandboxUnreachable', error, tookMs });
      } finally {
        work?.stop();
        line.end();
      }
    });
  };
}

/** Counts the time of a call since it was asked for, whichever attempt this is. */
function startWork(workMs: number): CallClock {
  const since = Date.now() - Context.current().info.scheduledTimestampMs;
  const left = Math.max(1, workMs - Math.max(0, since));
  return startCallClock(left, left);
}

/** Whether no budget is spent on the error: the database is waited for, a turn that is over is left alone, and a named failure says what follows. */
function hasItsOwnRule(error: unknown): boolean {
  return (
    error instanceof ApplicationFailure ||
    error instanceof StoreError ||
    error instanceof StepError ||
    isUnreachable(error)
  );
}

/** Files that tools post go through the outbox like everything else that is seen in Slack: one for each step. */
export function createPostedFiles(database: Database): FilesPort {
  return {
    put: ({ session, turn, step, name, title, bytes }) =>
      inTurn(database, { session, turn }, async (db) => {
        const key = `${stepIdOf(session, turn, step)}/file`;
        const fileId = await saveFile(db, { session, name, bytes, direction: 'out', origin: key });
        const body = { fileId, name, ...(title !== null && { comment: title }) };
        await putFile(db, { key, ...threadOf(session), body });
      }),
  };
}

const WHAT: Readonly<Record<string, string>> = {
  bash: 'running a command',
  read_file: 'reading a file',
  write_file: 'writing a file',
  edit_file: 'editing a file',
  view_file: 'looking at a file',
  post_file: 'posting a file',
  plan: 'planning',
};
