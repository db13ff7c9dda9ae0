/**
 * Inputs and results of every activity. They are stored in workflow histories: ids and counts only, never text,
 * tool arguments, output or anything secret.
 */
import type { EgressCounts } from './egress.ts';
import type { FailureType } from './failures.ts';
import type { SessionId } from './ids.ts';
import type { Principal, ScopeKey } from './scope.ts';
import type { SessionState } from './search-attributes.ts';

export interface SessionInput {
  readonly session: SessionId;
}

export interface TurnInput extends SessionInput {
  readonly turn: number;
}

export interface BeginTurnInput extends SessionInput {
  /** Names this asking: a repeated attempt gets the same turn. */
  readonly claim: string;
  /** Messages up to this inbox id were overtaken by a stop: they begin nothing. */
  readonly stoppedUpTo: string | null;
}

export interface BegunTurn {
  readonly turn: number;
  readonly requester: string;
  readonly scope: ScopeKey;
  readonly principal: Principal;
  readonly limits: TurnLimits;
  readonly rest: RestTimes;
}

/** How long an idle session keeps its sandbox running, and then paused. */
export interface RestTimes {
  readonly pauseAfterMs: number;
  readonly removeAfterMs: number;
}

export interface TurnLimits {
  readonly steps: number;
  readonly minutes: number;
  readonly tokens: number;
}

export interface ResolvedAccess {
  readonly snapshot: string;
  readonly connections: number;
  readonly domains: number;
}

export interface Placement {
  readonly runner: string;
  readonly sandbox: string;
  /** The runner that held the workspace is gone; its files are not coming along. */
  readonly filesLost: boolean;
}

export interface ProvisionInput extends TurnInput {
  readonly sandbox: string;
}

export interface StreamEgressInput extends TurnInput {
  readonly sandbox: string;
  readonly scope: ScopeKey;
  readonly principal: Principal;
  readonly requester: string;
}

export interface ModelCallInput extends TurnInput {
  readonly step: number;
}

/** A tool call the model asked for. Its arguments are in PostgreSQL under its step. */
export interface ToolRef {
  readonly step: number;
  readonly tool: string;
  /** Reads of one answer run side by side; commands and writes in order. */
  readonly parallel: boolean;
}

export interface ModelCallResult {
  /** The next free step number. */
  readonly nextStep: number;
  readonly tools: readonly ToolRef[];
  /** True when the model has given its final answer. */
  readonly done: boolean;
  /** A limit of the turn was reached: no further model call may be made. */
  readonly limit: 'steps' | 'minutes' | 'tokens' | null;
}

export interface ToolInput extends TurnInput {
  readonly step: number;
  readonly tool: string;
  readonly sandbox: string;
}

export interface ToolResult {
  readonly exitCode: number | null;
  readonly truncated: boolean;
}

export type TurnEnding = 'answered' | 'stopped' | 'limit' | 'failed';

export interface EndTurnInput extends TurnInput {
  readonly ending: TurnEnding;
  readonly failure?: FailureType;
  readonly stoppedBy?: string;
  /** Messages older than this inbox row were overtaken by the stop. */
  readonly stoppedUpTo?: string | null;
}

export interface EndTurnResult {
  /** Messages came in since the last model call: the turn goes on instead of ending. */
  readonly more: boolean;
}

export interface SandboxInput extends SessionInput {
  readonly sandbox: string;
}

export interface SettleInput extends TurnInput {
  readonly sandbox: string;
}

export interface SettleToolsInput extends TurnInput {
  readonly reason: 'stopped' | 'limit' | 'unknown';
  /** Who stopped the turn. */
  readonly by?: string;
}

export interface ResolveInput extends TurnInput {
  readonly scope: ScopeKey;
}

export interface NoteSessionInput extends SessionInput {
  readonly state: SessionState;
}

/** One firing of a schedule. `firedAt` (ISO 8601) is the time it was due, also when it runs late. */
export interface FiringInput {
  readonly schedule: string;
  readonly firedAt: string;
}

/** Done by any agent worker, on the shared queue, for `scheduledTask`. */
export interface ScheduleActivities {
  /** Says in the channel what is being done, and waits until Slack has the message. Null: the schedule is gone. */
  openThread(input: FiringInput): Promise<SessionInput | null>;
  /** Puts the task into the thread's inbox, as if somebody had asked. */
  askInThread(input: FiringInput & SessionInput): Promise<void>;
  /** Waits for the end of the turn that this began. Fails when the task is refused in its channel. */
  awaitTurn(input: FiringInput & SessionInput): Promise<TurnEnding>;
}

/** Done by any agent worker, on the shared queue. */
export interface AgentActivities {
  /** Claims what the session's inbox holds. Null when there is nothing to do. */
  beginTurn(input: BeginTurnInput): Promise<BegunTurn | null>;
  resolveScopeAccess(input: ResolveInput): Promise<ResolvedAccess>;
  placeSandbox(input: TurnInput): Promise<Placement>;
  callModel(input: ModelCallInput): Promise<ModelCallResult>;
  /** Gives every tool call of the turn that has no result one: stopped, over the limit, or outcome unknown. */
  settleTools(input: SettleToolsInput): Promise<void>;
  endTurn(input: EndTurnInput): Promise<EndTurnResult>;
  noteSession(input: NoteSessionInput): Promise<void>;
}

/** Done by the runner that holds the session's sandbox, on its own queue. */
export interface RunnerActivities {
  provisionSandbox(input: ProvisionInput): Promise<{ created: boolean }>;
  runTool(input: ToolInput): Promise<ToolResult>;
  /** Kills everything the agent's user runs, and closes the turn's egress lease. */
  settleSandbox(input: SettleInput): Promise<void>;
  pauseSandbox(input: SandboxInput): Promise<void>;
  removeSandbox(input: SandboxInput): Promise<void>;
}

/** On the runner's egress queue. */
export interface EgressActivities {
  streamEgress(input: StreamEgressInput): Promise<EgressCounts>;
}
