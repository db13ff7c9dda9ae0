/** What tools need of the sandbox they work in. The runner binds it to one sandbox and its agent's user. */
export interface SandboxPort {
  /**
   * Starts a command under `step`, once, or attaches to it if it was started before, and follows it to its end.
   * Rejects with the signal's reason when that aborts; the command itself is then ended by whoever stopped the turn.
   */
  runStep(request: StepCommand): Promise<StepOutcome>;
  /** Rejects with a `SandboxMistake` when there is no such file or it is larger than `maxBytes`. */
  readFile(path: string, options: { readonly maxBytes: number; readonly signal: AbortSignal }): Promise<Buffer>;
  /** Creates missing folders. The file is replaced as a whole or not at all. */
  writeFile(path: string, bytes: Buffer, options: { readonly signal: AbortSignal }): Promise<void>;
}

export interface StepCommand {
  /** `StepId`: the name under which the command is started once. */
  readonly step: string;
  /** Run by bash. */
  readonly command: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Bytes of output so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

export interface StepOutcome {
  /** Null when nobody can know it: the command was killed, or its container went away. */
  readonly exitCode: number | null;
  /** Standard output and error as they came, at most 1 MiB, with a cut named in it. */
  readonly output: Buffer;
  /** All that was written, kept or not. */
  readonly outputBytes: number;
  readonly timedOut: boolean;
  /** Of following it in this attempt. */
  readonly durationMs: number;
}

/**
 * Errors that the model can do something about, told to it as a result. Every other one is a failure of the sandbox
 * itself and is thrown on.
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

/** Told by its code, so that this room need not know the class, which belongs to the sandbox runtime. */
export function isSandboxMistake(error: unknown): error is SandboxMistake {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code in SANDBOX_MISTAKES;
}
