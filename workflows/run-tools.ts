import { ActivityFailure, TimeoutFailure } from '@temporalio/workflow';
import type { SettleInput, ToolRef } from '../contracts/activities.ts';
import type { RunnerProxies } from './activity-proxies.ts';

/** How far the tools of a turn may go. */
export interface ToolLimits {
  /** The last step that may run. */
  readonly steps: number;
  /** When the turn's minutes are over, in milliseconds since 1970. */
  readonly until: number;
}

/**
 * Reads that stand side by side in one model answer run side by side; commands and writes run in order. False when a
 * limit of the turn was reached before all were done; those calls are without a result then.
 */
export async function runTools(
  runner: RunnerProxies,
  input: SettleInput,
  tools: readonly ToolRef[],
  { steps, until }: ToolLimits,
): Promise<boolean> {
  const allowed = tools.filter(({ step }) => step <= steps);
  for (const group of groups(allowed)) {
    const left = until - Date.now();
    if (left <= 0) return false;
    try {
      await Promise.all(group.map((tool) => runOne(runner, input, tool, left)));
    } catch (error) {
      if (isOutOfTime(error)) return false;
      throw error;
    }
  }
  return allowed.length === tools.length;
}

/** The server ends what is not done within `ms`: no timer of the workflow's own is needed. */
function runOne(runner: RunnerProxies, input: SettleInput, { step, tool }: ToolRef, ms: number): Promise<unknown> {
  const options = { summary: `turn ${input.turn} · ${tool}`, scheduleToCloseTimeout: ms };
  return runner.tools.runTool.executeWithOptions(options, [{ ...input, step, tool }]);
}

function isOutOfTime(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof TimeoutFailure &&
    error.cause.timeoutType === 'SCHEDULE_TO_CLOSE'
  );
}

function groups(tools: readonly ToolRef[]): ToolRef[][] {
  const result: ToolRef[][] = [];
  for (const tool of tools) {
    const last = result.at(-1);
    if (tool.parallel && last?.[0]?.parallel) last.push(tool);
    else result.push([tool]);
  }
  return result;
}
