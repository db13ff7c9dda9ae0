import type { SettleInput, ToolRef } from '../contracts/activities.ts';
import type { RunnerProxies } from './activity-proxies.ts';

/** Reads that stand side by side in one model answer run side by side; commands and writes run in order. */
export async function runTools(runner: RunnerProxies, input: SettleInput, tools: readonly ToolRef[]): Promise<void> {
  for (const group of groups(tools)) {
    await Promise.all(group.map((tool) => runOne(runner, input, tool)));
  }
}

function runOne(runner: RunnerProxies, input: SettleInput, { step, tool }: ToolRef): Promise<unknown> {
  return runner.tools.runTool.executeWithOptions({ summary: `turn ${input.turn} · ${tool}` }, [
    { ...input, step, tool },
  ]);
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
