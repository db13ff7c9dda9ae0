import type { Readable } from 'node:stream';
import type { RuntimeProbe, SandboxRuntimeName } from './runtime-choice.ts';

/** What the rest of Bellhop knows of sandboxes. Every id is the sandbox's id; every uid the agent's of its session. */
export interface SandboxRuntime {
  /** Makes the sandbox run, whatever it was before; doing it twice is fine. */
  provision(sandbox: SandboxSpec): Promise<Provisioned>;
  /** Looks around from inside. Throws `SandboxSeesOthers` when more than the sandbox's own socket is to be seen. */
  checkSockets(id: string, uid: number): Promise<SandboxCheck>;
  /** Shortens the first `runStep` or read of a turn by what it takes the engine to start a program. Never throws. */
  prepare(id: string, uid: number): Promise<void>;
  /** Starts a command unless its step was started before, and follows it to its end. */
  runStep(id: string, step: StepCall): Promise<StepResult>;
  /** Ends every process of the agent's user; the sandbox and its relay stay. Returns when they are gone. */
  killAgent(id: string, uid: number): Promise<void>;
  /**
   * The same for good: a command of this turn or an earlier one that has not started yet never will in this life of the
   * sandbox (`TurnOver`). A paused one is woken for it.
   */
  endTurn(id: string, uid: number, turn: number): Promise<void>;
  readFile(id: string, uid: number, path: string, options: ReadOptions): Promise<ReadResult>;
  /** Opens a whole file as a stream. Throws `FileTooLarge` before a byte is sent when it has more than `maxBytes`. */
  openFile(id: string, uid: number, path: string, options: { readonly maxBytes: number }): Promise<OpenedFile>;
  writeFile(
    id: string,
    uid: number,
    path: string,
    content: FileContent,
    options?: WriteOptions,
  ): Promise<{ bytes: number }>;
  pause(id: string): Promise<void>;
  unpause(id: string): Promise<void>;
  /** Removes the container and its folder of sockets; the workspace stays. */
  remove(id: string): Promise<void>;
  /** Removes the workspace. Its container must be gone. */
  removeVolume(id: string): Promise<void>;
  /** Every sandbox of this installation on this engine, of whichever runner. */
  list(): Promise<SandboxEntry[]>;
  /** Every workspace of this installation on this engine. */
  listVolumes(): Promise<WorkspaceEntry[]>;
  state(id: string): Promise<SandboxState>;
  /** What the workspace takes on disk, counted from inside; deleted files that are still open count too. */
  workspaceUse(id: string, uid: number): Promise<WorkspaceUse>;
  /** Whether the engine itself holds workspaces to their size. */
  limitsWorkspaces(): Promise<boolean>;
  probeRuntime(): RuntimeProbe;
}

export type SandboxState = 'running' | 'paused' | 'stopped' | 'missing';

export interface SandboxSpec {
  readonly id: string;
  readonly session: string;
  readonly runner: string;
  readonly agentUid: number;
  /** PEM text: the system's roots and the installation's own CA. Without it, whoever keeps the folder has put it there. */
  readonly caBundle?: string;
  /** The same certificates as a PKCS12 store with the password `changeit`. */
  readonly javaStore?: Uint8Array;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Provisioned {
  /** A container was made; false when there was one. */
  readonly created: boolean;
  readonly runtime: SandboxRuntimeName;
  /**
   * Names this life of the sandbox; another start has another. A command started in one incarnation is unknown to the
   * next, so whoever may ask twice keeps this and hands it to `runStep`.
   */
  readonly incarnation: string;
  /** Sockets seen inside: 1, or 0 while the proxy has not made it yet. */
  readonly sockets: number;
}

export interface SandboxCheck {
  readonly incarnation: string;
  readonly sockets: number;
}

export interface StepCall {
  readonly uid: number;
  /** The step id: the name under which the command is started once. */
  readonly step: string;
  /** The turn it belongs to; once that is over, it is followed but not started. */
  readonly turn: number;
  /** Run by bash. */
  readonly command: string;
  readonly timeoutMs: number;
  /** @default /workspace */
  readonly cwd?: string;
  /** Of the sandbox in which an earlier attempt may have started it; in any other the result is `lost`. */
  readonly incarnation?: string;
  /** Only look for a command that was started before. */
  readonly attachOnly?: boolean;
  /** Stops the following, not the command: for that there is `killAgent`. */
  readonly signal?: AbortSignal;
  /** New output as it comes, while there is room in its first half. */
  readonly onOutput?: (bytes: Buffer) => void;
}

/**
 * - `finished`: ended by itself, or at its time limit (`timedOut`, exit code 124).
 * - `killed`: all of the agent's processes were killed while it ran; `output` is what there was.
 * - `lost`: its sandbox is gone or was started anew; whether and how far it ran is not known.
 * - `unknown`: it was never started here (only with `attachOnly`).
 */
export type StepOutcome = 'finished' | 'killed' | 'lost' | 'unknown';

export interface StepResult {
  readonly outcome: StepOutcome;
  readonly exitCode: number | null;
  /** stdout and stderr as they came, at most 1 MiB: head and tail, with the cut named between them. */
  readonly output: string;
  readonly truncated: boolean;
  /** What the command wrote in all. */
  readonly outputBytes: number;
  readonly timedOut: boolean;
}

export interface ReadOptions {
  readonly maxBytes: number;
  /** @default 0 */
  readonly offset?: number;
}

export interface ReadResult {
  readonly bytes: Buffer;
  /** Of the whole file. */
  readonly size: number;
  /** There is more behind what was read. */
  readonly truncated: boolean;
}

export interface OpenedFile {
  readonly size: number;
  readonly stream: Readable;
}

export type FileContent = Uint8Array | AsyncIterable<Uint8Array>;

export interface WriteOptions {
  /** Refuses more with `FileTooLarge`, leaving the old file. @default 64 MiB */
  readonly maxBytes?: number;
  /** Permissions of a new file. @default 0o644 */
  readonly mode?: number;
  /** Refused with `TurnOver` once this turn has been ended. @default for no turn */
  readonly turn?: number;
  readonly signal?: AbortSignal;
}

export interface SandboxEntry {
  readonly id: string;
  readonly session: string;
  readonly runner: string;
  readonly state: SandboxState;
  readonly createdAt: Date;
}

export interface WorkspaceEntry {
  readonly id: string;
  readonly session: string;
  readonly runner: string;
}

export interface WorkspaceUse {
  readonly bytes: number;
  /** Names of files, folders and whatever else takes an inode; a file of two names counts twice. */
  readonly files: number;
}

/** What one sandbox may take. */
export interface SandboxLimits {
  readonly memoryMb: number;
  readonly cpus: number;
  readonly tmpMb: number;
  readonly workspaceMb: number;
}

export const DEFAULT_LIMITS: SandboxLimits = { memoryMb: 2_048, cpus: 2, tmpMb: 512, workspaceMb: 5_120 };
