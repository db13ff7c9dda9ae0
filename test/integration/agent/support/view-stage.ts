import type { ToolContent } from '../../../../contracts/conversation.ts';
import { getFile } from '../../../../store/files.ts';
import { readTranscript } from '../../../../store/transcript.ts';
import { createRealSandbox, type RealSandbox } from './real-sandbox.ts';
import { createToolStage, type ToolStage } from './tool-stage.ts';

/** Where files are shown to a model: a real sandbox with sample files, and the tools beside it. */
export interface ViewStage extends AsyncDisposable {
  readonly tools: ToolStage;
  readonly real: RealSandbox;
  /**
   * Calls the tool.
   * @param port the sandbox as the tool sees it. @default as it is
   */
  view(given: Readonly<Record<string, unknown>>, port?: RealSandbox['port']): Promise<ToolContent>;
  /** What was shown, as it is kept for the model. */
  bytesOf(content: ToolContent, nth?: number): Promise<Buffer>;
}

/** @param samples Python that makes the files */
export async function createViewStage(samples: string): Promise<ViewStage> {
  const [tools, real] = await Promise.all([createToolStage(), createRealSandbox()]);
  const stage: ViewStage = {
    tools,
    real,
    async view(given, port = real.port) {
      const ref = await tools.pending('view_file', given);
      await tools.run(ref, { sandbox: port });
      const rows = await readTranscript(tools.database, ref.session);
      const last = rows.findLast((row) => row.role === 'tool');
      if (last?.role !== 'tool') throw new Error('no result');
      return last.content;
    },
    async bytesOf(content, nth = 0) {
      const id = content.shown?.[nth]?.file ?? '';
      const file = await getFile(tools.database, id);
      if (!file) throw new Error(`no file ${id}`);
      return file.bytes;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([real[Symbol.asyncDispose](), tools[Symbol.asyncDispose]()]);
    },
  };
  const made = await real.sandbox.run(`python3 - <<'EOF'\n${samples}\nEOF`, { timeoutMs: 120_000 });
  if (made.exitCode === 0) return stage;
  await stage[Symbol.asyncDispose]();
  throw new Error(made.output);
}
