import { createAnthropicModel } from '../../../../agent/model/anthropic.ts';
import type { Model } from '../../../../agent/model/model.ts';
import { type ModelStepDependencies, type ModelStepInput, runModelStep } from '../../../../agent/model-step.ts';
import { runToolStep } from '../../../../agent/tool-step.ts';
import { createToolRegistry } from '../../../../agent/tools/registry.ts';
import type { SandboxPort } from '../../../../agent/tools/sandbox-port.ts';
import { createTranscriptCache } from '../../../../agent/transcript/transcript-cache.ts';
import type { ModelCallResult, TurnLimits } from '../../../../contracts/activities.ts';
import type { SessionId } from '../../../../contracts/ids.ts';
import type { Database } from '../../../../store/database.ts';

const noServer = () => Promise.reject(new Error('no MCP server is here'));

export const LIMITS: TurnLimits = { steps: 100, minutes: 60, tokens: 2_000_000 };

/** The agent of a test, on a real database. */
export function agentOn(database: Database, model: Model, clock: () => number = Date.now): ModelStepDependencies {
  const caches = { transcripts: createTranscriptCache() };
  return { database, model, tools: createToolRegistry(), ...caches, prompt: { name: 'bellhop' }, clock };
}

/** The same, whose model is the official SDK against a server. */
export function agentOf(database: Database, baseUrl: string, contextTokens?: number): ModelStepDependencies {
  const window = contextTokens === undefined ? {} : { contextTokens };
  return agentOn(database, createAnthropicModel({ apiKey: 'a-key', baseUrl, model: 'demo', ...window }));
}

/** The input of one model step. */
export function stepOf(
  session: SessionId,
  turn: number,
  step: number,
  limits = LIMITS,
  signal = new AbortController().signal,
): ModelStepInput {
  return { session, turn, step, limits, signal };
}

/** Runs a turn to its end, as the workflow does; returns the results of its model calls. */
export async function runTurn(
  deps: ModelStepDependencies,
  sandbox: SandboxPort,
  session: SessionId,
  turn: number,
  { toolDatabase = deps.database }: { readonly toolDatabase?: Database } = {},
): Promise<ModelCallResult[]> {
  const signal = new AbortController().signal;
  const files = { put: async () => {} };
  const results: ModelCallResult[] = [];
  for (let step = 1; ; ) {
    const result = await runModelStep(deps, { session, turn, step, limits: LIMITS, signal });
    results.push(result);
    for (const tool of result.tools) {
      await runToolStep(
        {
          database: toolDatabase,
          tools: deps.tools,
          files,
          mcp: { call: noServer, start: noServer },
        },
        { session, turn, step: tool.step, sandbox, sandboxId: 'sb1', signal },
      );
    }
    if (result.done || result.limit) return results;
    step = result.nextStep;
  }
}
