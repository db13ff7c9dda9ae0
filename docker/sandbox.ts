import type { Readable } from 'node:stream';
import type { Environment } from '../contracts/environments.ts';
import type { CommitIdentity } from './commit-identity.ts';
import type { RuntimeProbe, SandboxRuntimeName } from './runtime-choice.ts';

/** What the rest of Bellhop knows of sandboxes. Every id is the sandbox's id; every uid the agent's of its session. */
export interface SandboxRuntime {
  /** The image of an environment: its name, whether it is there, and what a build of it lies upon. */
  environmentImage(environment: Environment): Promise<EnvironmentImage>;
  /**
   * Builds it, unless it is there. The proxy listens for sandbox `id` with an open lease meanwhile. Old images of environments that
   * are in no use go.
   */
  buildEnvironment(id: string, image: EnvironmentImage, options: BuildEnvironmentOptions): Promise<void>;
  /** Makes the sandbox run, whatever it was before; doing it twice is fine. */
  provision(sandbox: SandboxSpec): Promise<Provisioned>;
  /** Looks around from inside. Throws `SandboxSeesOthers` when more than the sandbox's own sockets are to be seen. */
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
  /** Starts a command with pipes to its input and output. It ends with its input, and with the turn at the latest. */
  openPiped(id: string, call: PipedCall): Promise<PipedCommand>;
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
  /** Every sandbox of this installation on this engine, of any runner. */
  list(): Promise<SandboxEntry[]>;
  /** Every workspace of this installation on this engine. */
  listVolumes(): Promise<WorkspaceEntry[]>;
  state(id: string): Promise<SandboxState>;
  /** What the workspace takes on disk, counted from inside; deleted files that are still open count too. */
  workspaceUse(id: string, uid: number): Promise<WorkspaceCount>;
  /**
   * What everything on the disk of the workspaces takes; null where that disk is not this machine's, or does not say.
   * Cheap: where this has not grown, a workspace has grown only by what others gave back.
   */
  diskUse(): Promise<WorkspaceUse | null>;
  /** Whether the engine itself holds workspaces to their size. */
  limitsWorkspaces(): Promise<boolean>;
  probeRuntime(): RuntimeProbe;
}

export type SandboxState = 'running' | 'paused' | 'stopped' | 'missing';

export interface EnvironmentImage {
  readonly environment: Environment;
  /** For a new container: the newest that is there, else the one that is to be built. */
  readonly image: string;
  readonly ready: boolean;
  /** The image that is to be built. Null when it is there. */
  readonly missing: string | null;
  /** Where an image of a team has its programs. Null: as in Bellhop's own. */
  readonly path: string | null;
  /** The sandbox image on which the missing one is built, or whose relay and starter it gets. */
  readonly base: string;
  /** Containers of these are taken as they are. */
  readonly accepted: readonly string[];
}

export interface BuildEnvironmentOptions {
  readonly caBundle: string;
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface SandboxSpec {
  readonly id: string;
  readonly session: string;
  readonly runner: string;
  readonly agentUid: number;
  /** PEM text: the system's roots and the installation's own CA. Without it, the file must be in the folder already. */
  readonly caBundle?: string;
  /** Who commits in this turn. */
  readonly commits?: CommitIdentity;
  readonly labels?: Readonly<Record<string, string>>;
  /** @default the usual sandbox */
  readonly environment?: EnvironmentImage;
}

export interface Provisioned {
  /** A container was made; false when there was one. */
  readonly created: boolean;
  readonly runtime: SandboxRuntimeName;
  /**
   * Names this life of the sandbox; another start has another. A command started in one incarnation is unknown to the
   * next. A caller that may ask twice keeps this and hands it to `runStep`.
   */
  readonly incarnation: string;
  /** Sockets seen inside: 2, or 0 while the proxy has not made them yet. */
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

export interface PipedCall {
  readonly uid: number;
  /** Once this is over, the command is not started. */
  readonly turn: number;
  /** A program with its arguments. No shell reads them. */
  readonly command: readonly string[];
  readonly signal: AbortSignal;
}

export interface PipedCommand {
  readonly output: AsyncIterable<Buffer>;
  /** The last that it said on stderr. */
  words(): string;
  write(bytes: Buffer): Promise<void>;
  /** Ends its input. A command that goes on for two seconds is killed. */
  close(): void;
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

export interface WorkspaceCount extends WorkspaceUse {
  /** False when a part could not be seen. Then it may hold any amount more. */
  readonly complete: boolean;
}

/** What one sandbox may take. */
export interface SandboxLimits {
  readonly memoryMb: number;
  readonly cpus: number;
  readonly tmpMb: number;
  readonly workspaceMb: number;
  /** Read from the disk of the workspaces, and as much again written to it. */
  readonly diskMbPerSecond: number;
}

export const DEFAULT_LIMITS: SandboxLimits = {
  memoryMb: 2_048,
  cpus: 2,
  tmpMb: 512,
  workspaceMb: 5_120,
  diskMbPerSecond: 200,
};
