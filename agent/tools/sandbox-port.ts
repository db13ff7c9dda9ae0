import type { CommandPipe } from '../../mcp/command.ts';

/** The parts of a sandbox that tools use. The runner binds it to one sandbox and its agent's user. */
export interface SandboxPort {
  /**
   * Starts the command of `step` once, or attaches to it if it was started before, and follows it to its end. Rejects
   * with the signal's reason when that aborts. Aborting does not end the command; the end of the turn does.
   */
  runStep(request: StepCommand): Promise<StepOutcome>;
  /** Starts a command with pipes to its input and output. It ends with its input, and with the turn at the latest. */
  openPiped(command: readonly string[], options: { readonly signal: AbortSignal }): Promise<CommandPipe>;
  /** Rejects with a `SandboxMistake` when there is no such file or it is larger than `maxBytes`. */
  readFile(path: string, options: { readonly maxBytes: number; readonly signal: AbortSignal }): Promise<Buffer>;
  /** Creates missing folders. The file is replaced completely or not at all. */
  writeFile(path: string, bytes: Buffer, options: { readonly signal: AbortSignal }): Promise<void>;
}

export interface StepCommand {
  /** `StepId`: the name under which the command is started once. */
  readonly step: string;
  /** A command for bash. */
  readonly command: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Bytes of output so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

export interface StepOutcome {
  /** Null when it cannot be known, because the command was killed or its container is gone. */
  readonly exitCode: number | null;
  /** Standard output and error in the order they came, at most 1 MiB. A cut is marked in it. */
  readonly output: Buffer;
  /** Bytes that were written in all, also those not kept. */
  readonly outputBytes: number;
  readonly timedOut: boolean;
  /** How long this attempt followed the command. */
  readonly durationMs: number;
}

/**
 * Errors that the model can correct. The model gets them as a result. Every other error is a failure of the sandbox
 * itself and is thrown.
 */
export type SandboxMistakeCode =
  | 'FileMissing'
  | 'FileDenied'
  | 'FileNotRegular'
  | 'FileTooLarge'
  | 'FileFailed'
  | 'WorkspaceFull'
  | 'CommandTooLong';

export const SANDBOX_MISTAKES: Readonly<Record<SandboxMistakeCode, string>> = {
  FileMissing: 'There is no such file.',
  FileDenied: 'Permission denied.',
  FileNotRegular: 'That is not a regular file.',
  FileTooLarge: 'The file is too large for this tool.',
  FileFailed: 'The file could not be read or written.',
  WorkspaceFull: 'The workspace is full. Delete files that are not needed, then try again.',
  CommandTooLong: 'The command is too long. Write it to a file and run that.',
};

export interface SandboxMistake extends Error {
  readonly code: SandboxMistakeCode;
}

/** Recognised by its code, because the class belongs to the sandbox runtime, which this room does not import. */
export function isSandboxMistake(error: unknown): error is SandboxMistake {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code in SANDBOX_MISTAKES;
}
