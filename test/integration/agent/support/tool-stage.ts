import { createKeyedLock } from '../../../../activities/keyed-lock.ts';
import { runToolStep, type ToolStepDependencies } from '../../../../agent/tool-step.ts';
import { createToolRegistry } from '../../../../agent/tools/registry.ts';
import type { SandboxPort } from '../../../../agent/tools/sandbox-port.ts';
import type { Database } from '../../../../store/database.ts';
import { addToolSteps, type StepRef } from '../../../../store/steps.ts';
import { readTranscript } from '../../../../store/transcript.ts';
import { createTestDatabase } from '../../../support/database.ts';
import { createFakeSandbox, type FakeSandbox } from './fake-sandbox.ts';
import { newSession, sayAndBegin } from './session.ts';

const noServer = () => Promise.reject(new Error('no MCP server is here'));

interface RunOptions {
  readonly onDoing?: (doing: string) => void;
  readonly sandbox?: SandboxPort;
  readonly signal?: AbortSignal;
  readonly sandboxId?: string;
}

/** Tool calls of turns in a database, with a folder in place of a sandbox. */
export interface ToolStage extends AsyncDisposable {
  readonly database: Database;
  readonly sandbox: FakeSandbox;
  readonly deps: ToolStepDependencies;
  /** Files that tools have posted. */
  readonly posted: readonly { readonly name: string; readonly bytes: Buffer }[];
  /** A pending tool step of a new session. */
  pending(tool: string, given: unknown): Promise<StepRef>;
  run(ref: StepRef, options?: RunOptions): ReturnType<typeof runToolStep>;
  /** What the model is told. */
  resultOf(ref: StepRef): Promise<{ text: string; isError: boolean }[]>;
}

export async function createToolStage(): Promise<ToolStage> {
  const db = await createTestDatabase();
  const sandbox = await createFakeSandbox();
  const { database } = db;
  const posted: { name: string; bytes: Buffer }[] = [];
  const deps: ToolStepDependencies = {
    database,
    tools: createToolRegistry(),
    files: { put: async (file) => void posted.push(file) },
    mcp: { call: noServer, start: noServer },
    placing: createKeyedLock(),
  };
  return {
    database,
    sandbox,
    deps,
    posted,
    async pending(tool, given) {
      const session = await newSession(database);
      const turn = await sayAndBegin(database, session, 'work');
      await addToolSteps(database, session, turn, [{ step: 2, tool, call: 'a', arguments: given }]);
      return { session, turn, step: 2 };
    },
    run(ref, options = {}) {
      const { signal } = new AbortController();
      return runToolStep(deps, { ...ref, sandbox, sandboxId: 'sb1', signal, ...options });
    },
    async resultOf({ session }) {
      const rows = await readTranscript(database, session);
      return rows.flatMap((row) =>
        row.role === 'tool' ? [{ text: row.content.text, isError: row.content.isError }] : [],
      );
    },
    async [Symbol.asyncDispose]() {
      await sandbox[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
    },
  };
}
