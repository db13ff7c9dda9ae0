/**
 * Inputs and results of every activity. They are stored in workflow histories: ids and counts only, never text,
 * tool arguments, output or anything secret.
 *
 * @example
 * const input: ModelCallInput = { session: 'slack:T1:C1:1700000000.000100', turn: 3, step: 7 };
 */
import type { EgressCounts } from './egress.ts';
import type { FailureType } from './failures.ts';
import type { Fence } from './fence.ts';
import type { SessionId } from './ids.ts';
import type { Principal, ScopeKey } from './scope.ts';
import type { SessionState } from './search-attributes.ts';

export interface SessionInput {
  readonly session: SessionId;
}

/** Everything that is written for a turn names it by its number, and is written only while that turn runs (contracts/fence.ts, step 6). */
export interface TurnInput extends SessionInput {
  readonly turn: number;
}

export interface OpenRunInput extends SessionInput {
  /** Temporal's id of this run of the workflow. */
  readonly runId: string;
}

export interface BeginTurnInput extends SessionInput {
  /** Names this asking: a repeated attempt gets the same turn, and a late one gets none. */
  readonly fence: Fence;
  /** The newest turn that this workflow knows; 0 for none. */
  readonly after: number;
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

export interface PlaceInput extends TurnInput {
  /** The turn has come to a tool call and stands still until it has its place. */
  readonly needed: boolean;
  /** The sandbox of a place that this turn was given, and whose runner did not begin to start it. */
  readonly lost?: string;
}

export interface Placement {
  readonly runner: string;
  readonly sandbox: string;
}

/** What a turn fails as when it has waited too long for a place. */
export type PlaceFailure = Extract<FailureType, 'RunnersFull' | 'RunnerUnavailable' | 'SandboxImageMissing'>;

/** A place, or why there is none yet. In that case the signal `place` says when there is one. */
export type PlaceAnswer = Placement | { readonly waitsFor: PlaceFailure };

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
  /** Where it is run. Absent: by the runner, in the turn's sandbox. */
  readonly at?: 'slack';
}

export interface ModelCallResult {
  /** The next free step number. */
  readonly nextStep: number;
  readonly tools: readonly ToolRef[];
  /** True when the model has given its final answer. */
  readonly done: boolean;
  /** A limit of the turn was reached, or it repeats itself: no further model call may be made. */
  readonly limit: 'steps' | 'minutes' | 'tokens' | 'repetition' | null;
  /** Slack's ids of everybody whose words the turn has read so far, where there is anybody beside its requester; the first twenty. */
  readonly steeredBy?: readonly string[];
}

export interface ToolInput extends TurnInput {
  readonly step: number;
  readonly tool: string;
  readonly sandbox: string;
  /**
   * How long the call may work, in milliseconds since it was asked for. Time in which it waits for a person does not count. Absent where
   * it cannot wait for one: then the server's time-out is enough.
   */
  readonly workMs?: number;
}

/** A tool call that is run in Slack. */
export interface SlackToolInput extends TurnInput {
  readonly step: number;
  readonly tool: string;
}

export interface ToolResult {
  readonly exitCode: number | null;
  readonly truncated: boolean;
  /** How many milliseconds people were waited for in the middle of the call. Absent: none. */
  readonly waitedMs?: number;
  /** The call has not ended, because `workMs` are over. */
  readonly isLate?: true;
  /**
   * The call has not ended: a person is asked, for so many milliseconds at most. The signal `answered` says that it is time to run it
   * again.
   */
  readonly waitsMs?: number;
}

export type TurnEnding = 'answered' | 'stopped' | 'limit' | 'failed';

export interface EndTurnInput extends TurnInput {
  readonly ending: TurnEnding;
  readonly failure?: FailureType;
  readonly stoppedBy?: string;
  /** Messages older than this inbox row were overtaken by the stop. */
  readonly stoppedUpTo?: string | null;
  /**
   * False when the workflow was never told the turn's place. Then nothing of the turn runs in a sandbox, nobody settles
   * one, and a place that the turn has after all is free at once.
   */
  readonly hasPlace?: boolean;
}

export interface EndTurnResult {
  /** Messages came in since the last model call: the turn goes on instead of ending. */
  readonly more: boolean;
}

/** For what is done between turns: the fence of the last asking. */
export interface RestInput extends SessionInput {
  readonly fence: Fence;
}

export interface SandboxInput extends RestInput {
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

export interface NoteSessionInput extends RestInput {
  readonly state: SessionState;
}

/** One firing of a schedule. `firedAt` (ISO 8601) is the time it was due, also when it runs late. */
export interface FiringInput {
  readonly schedule: string;
  readonly firedAt: string;
}

export interface FiringFailedInput extends FiringInput {
  /** Null while its thread was not opened. */
  readonly session: SessionId | null;
  readonly failure: FailureType;
}

/** Done by any agent worker, on the shared queue, for `scheduledTask`. */
export interface ScheduleActivities {
  /** Says in the channel what is being done, and waits until Slack has the message. Null: the schedule is gone. */
  openThread(input: FiringInput): Promise<SessionInput | null>;
  /** Puts the task into the thread's inbox, as if somebody had asked. */
  askInThread(input: FiringInput & SessionInput): Promise<void>;
  /** Waits for the end of the turn that this began. Fails when the task is refused in its channel. */
  awaitTurn(input: FiringInput & SessionInput): Promise<TurnEnding>;
  /** Says in the thread, or in the channel where there is none, why the task was not done. */
  tellFiringFailed(input: FiringFailedInput): Promise<void>;
}

/** Done by any agent worker, on the shared queue. */
export interface AgentActivities {
  /** Gives a run of the workflow its number, the same to every attempt. 0 when the session has no row. */
  openRun(input: OpenRunInput): Promise<number>;
  /** Begins the next turn. Null when nobody waits for one, and for an attempt that comes late. */
  beginTurn(input: BeginTurnInput): Promise<BegunTurn | null>;
  /** Computes what the turn may reach and keeps it as the turn's snapshot. Fails as `AccessDisabled` where the agent is switched off. */
  resolveScopeAccess(input: ResolveInput): Promise<ResolvedAccess>;
  /** Asks for the turn's place, or for the answer to an earlier asking. Every attempt of one turn gets the same place. */
  placeSandbox(input: PlaceInput): Promise<PlaceAnswer>;
  /** Asks the model once and stores its answer. A step that has an answer already returns that one. */
  callModel(input: ModelCallInput): Promise<ModelCallResult>;
  /** Gives every tool call of the turn that has no result one: stopped, over the limit, or outcome unknown. */
  settleTools(input: SettleToolsInput): Promise<void>;
  /** Ends the turn and writes its last word, both or neither. A turn that has ended stays as it ended. */
  endTurn(input: EndTurnInput): Promise<EndTurnResult>;
  /** Notes what state a session between two turns is in. A late attempt changes nothing. */
  noteSession(input: NoteSessionInput): Promise<void>;
}

/** Done by the runner that holds the session's sandbox, on its own queue. */
export interface RunnerActivities {
  /** Makes the sandbox run, whatever became of its container before. `created`: there was no container. */
  provisionSandbox(input: ProvisionInput): Promise<{ created: boolean }>;
  /** Runs one tool call and stores its result. Another attempt follows the command that the first one started. */
  runTool(input: ToolInput): Promise<ToolResult>;
  /** Kills everything the agent's user runs, and closes the turn's egress lease. */
  settleSandbox(input: SettleInput): Promise<void>;
  /** Pauses the container of a session that rests. A session that has asked for a turn since is left alone. */
  pauseSandbox(input: SandboxInput): Promise<void>;
  /** Removes the container of a session that rests. Its files stay. A session that has asked for a turn since is left alone. */
  removeSandbox(input: SandboxInput): Promise<void>;
}

/** Done by any gateway, which has Slack's token and shares its rate limits with the others. */
export interface SlackActivities {
  /** Runs a tool that works in Slack. Its result is stored with its step, as that of every other tool. */
  useSlack(input: SlackToolInput): Promise<ToolResult>;
}

/** Done by the runner that holds the session's sandbox, on a queue of its own. */
export interface EgressActivities {
  /** Holds the turn's egress lease open until the turn is settled. Its counts are its heartbeat and its result. */
  streamEgress(input: StreamEgressInput): Promise<EgressCounts>;
}
