import type { z } from 'zod';
import type { SessionId } from '../../contracts/ids.ts';
import type { SandboxPort } from './sandbox-port.ts';

/** A file on its way from the workspace into the thread. Putting the same step twice is one file. */
export interface FilesPort {
  put(file: {
    readonly session: SessionId;
    readonly turn: number;
    readonly step: number;
    readonly name: string;
    readonly title: string | null;
    readonly bytes: Buffer;
  }): Promise<void>;
}

export interface ThreadMessage {
  readonly at: Date;
  /** Who wrote it: a name, or an id where no name is known. */
  readonly author: string;
  readonly authorClass: string;
  readonly text: string;
}

export interface ThreadPort {
  /** The newest messages of the session's own thread, oldest first. */
  read(session: SessionId, limit: number): Promise<readonly ThreadMessage[]>;
}

/** What a tool may touch. Nothing else is within its reach. */
export interface ToolContext {
  readonly session: SessionId;
  readonly turn: number;
  readonly step: number;
  readonly sandbox: SandboxPort;
  /** Since the step's first attempt began. */
  readonly elapsedMs: () => number;
  readonly files: FilesPort;
  readonly thread: ThreadPort;
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

export interface ToolOutcome {
  /** What the model reads. */
  readonly text: string;
  /** The call did not do what it was asked. A command that ended with an exit code of its own did. */
  readonly isError: boolean;
  /** For commands; null elsewhere, and when it cannot be known. */
  readonly exitCode: number | null;
  /** Whole output for people, when `text` is not all of it. */
  readonly output: string | null;
  readonly truncated: boolean;
}

export interface Tool {
  readonly name: string;
  /** For the model. */
  readonly description: string;
  readonly schema: z.ZodType;
  /** Reads of one answer may run side by side. */
  readonly parallel: boolean;
  /** Whether a second attempt does the same as the first; otherwise a lost attempt's outcome is unknown. */
  readonly idempotent: boolean;
  /** `given` is what the model wrote, not yet checked. */
  run(context: ToolContext, given: unknown, signal: AbortSignal): Promise<ToolOutcome>;
}

/** What a tool is made of: its arguments typed by its schema. */
export interface ToolDefinition<Schema extends z.ZodType> extends Omit<Tool, 'schema' | 'run'> {
  readonly schema: Schema;
  run(context: ToolContext, args: z.output<Schema>, signal: AbortSignal): Promise<ToolOutcome>;
}

/** A result that is only text. */
export function said(text: string, isError = false): ToolOutcome {
  return { text, isError, exitCode: null, output: null, truncated: false };
}
