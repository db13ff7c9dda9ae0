import type { z } from 'zod';
import type { ShownFile } from '../../contracts/conversation.ts';
import type { SessionId } from '../../contracts/ids.ts';
import type { PlanItem } from '../../contracts/plan.ts';
import type { Answer, Question } from '../../contracts/questions.ts';
import type { SlackRoom } from '../../contracts/slack-reading.ts';
import type { ToolAnswer } from '../../mcp/tool-answer.ts';
import type { ListedTool } from '../../mcp/tool-definition.ts';
import type { OwnUseDecision } from '../../store/own-uses.ts';
import type { StepRef } from '../../store/steps.ts';
import type { McpCall, ServerStart } from '../mcp/mcp-port.ts';
import type { SandboxPort } from './sandbox-port.ts';

/** Posts files from the workspace into the thread. Posting twice for the same step gives one file. */
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

/** Everything that a tool of the sandbox can use. */
export interface ToolContext {
  readonly session: SessionId;
  readonly turn: number;
  readonly step: number;
  readonly sandbox: SandboxPort;
  /** Milliseconds since the step's first attempt began. */
  readonly elapsedMs: () => number;
  readonly files: FilesPort;
  /** Shows people the plan of the turn, in place of the one before. */
  showPlan(items: readonly PlanItem[]): Promise<void>;
  /** Calls a tool of an MCP server, and does something with the answer. */
  callServer<T>(
    call: Pick<McpCall, 'tool' | 'facts' | 'arguments' | 'signal' | 'begin' | 'elicit'>,
    use: (answer: ToolAnswer) => Promise<T>,
  ): Promise<T>;
  /** Starts an MCP server in the sandbox and says what it lists. */
  startServer(start: Pick<ServerStart, 'server' | 'command' | 'signal'>): Promise<readonly ListedTool[]>;
  /** Notes that from now on the call may have an effect. For a tool that `beginsItself`. */
  begin(): Promise<void>;
  /**
   * Asks a person, before the call has any effect (ask-person.ts has an example). Throws while nobody has answered; that ends this attempt, and
   * the tool is run again when there is an answer. For a tool that `beginsItself`.
   */
  ask(question: Question): Promise<Answer>;
  /** Asks a person and waits here, for a call that is under way. */
  askMeanwhile(question: Question, signal: AbortSignal, ended?: AbortSignal): Promise<Answer>;
  /** What the requester of the turn has decided of connections of their own (own-connection.ts). */
  readonly own: OwnConnections;
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

export interface OwnConnections {
  /** Why the requester cannot be asked in this thread, in words for the model. Null: they can. */
  whyNot(): Promise<string | null>;
  /** What they have decided before. Null: nothing that counts in this turn. */
  decided(connection: string): Promise<OwnUseDecision | null>;
  /**
   * Keeps their decision. When it allows something, the thread is theirs from then on.
   * @returns why it does not hold, in words for the model. Null: it holds
   */
  decide(connection: string, decision: OwnUseDecision): Promise<string | null>;
}

export interface ToolOutcome {
  /** The result that the model reads. */
  readonly text: string;
  /** True when the call failed. A command that ran to its end did not fail, whatever its exit code. */
  readonly isError: boolean;
  /** The exit code of a command. Null for other tools, and when it cannot be known. */
  readonly exitCode: number | null;
  /** The whole output for people. Null when `text` has all of it. */
  readonly output: string | null;
  readonly truncated: boolean;
  /** What the model is to see of it. Absent: nothing. */
  readonly shown?: readonly ToShow[];
}

/** A picture or PDF that the model is to see, with its bytes. */
export interface ToShow extends Pick<ShownFile, 'type' | 'label'> {
  readonly bytes: Buffer;
  readonly tokens: number;
  /** The pages of a PDF, as pictures. */
  readonly pages?: readonly ToShow[];
}

/** What every tool says of itself. */
interface ToolFacts {
  readonly name: string;
  /** For the model. */
  readonly description: string;
  readonly schema: z.ZodType;
  /** What the model is told of its arguments, where `schema` does not say it. */
  readonly inputSchema?: Readonly<Record<string, unknown>>;
  /** Whether calls of one answer may run at the same time. */
  readonly parallel: boolean;
  /** Whether a second attempt does the same as the first. Otherwise the outcome of a lost attempt is unknown. */
  readonly idempotent: boolean;
}

/** A tool that works in the sandbox or through it, on the runner. */
export interface SandboxTool extends ToolFacts {
  readonly at?: 'sandbox';
  /** True for a tool that only runs one command under its step id. The sandbox notes its start. @default false */
  readonly runsCommand?: boolean;
  /** True for a tool that says itself, by `begin`, from when on it may have an effect. @default false */
  readonly beginsItself?: boolean;
  /** `given` has the model's arguments, not yet checked. */
  run(context: ToolContext, given: unknown, signal: AbortSignal): Promise<ToolOutcome>;
}

/** Everything that a tool of Slack can use. */
export interface SlackToolContext extends StepRef {
  readonly room: SlackRoom;
  /** Notes that from now on the call may have an effect. */
  begin(): Promise<void>;
  /** The same as {@link ToolContext.ask}. */
  ask(question: Question): Promise<Answer>;
}

/** A tool that works in Slack, in the gateway, which has the token and the rate limits. It needs no sandbox. */
export interface SlackTool extends ToolFacts {
  readonly at: 'slack';
  readonly idempotent: true;
  /** Throws what the Web API throws; the call is then tried again, as long as its budget lasts. */
  run(context: SlackToolContext, given: unknown, signal: AbortSignal): Promise<ToolOutcome>;
}

export type Tool = SandboxTool | SlackTool;

/** The definition of a tool of the sandbox. Its schema gives the type of the arguments. */
export interface ToolDefinition<Schema extends z.ZodType> extends Omit<SandboxTool, 'schema' | 'run'> {
  readonly schema: Schema;
  run(context: ToolContext, args: z.output<Schema>, signal: AbortSignal): Promise<ToolOutcome>;
}

/** The same for a tool of Slack. */
export interface SlackToolDefinition<Schema extends z.ZodType>
  extends Omit<SlackTool, 'schema' | 'run' | 'at' | 'idempotent'> {
  readonly schema: Schema;
  run(context: SlackToolContext, args: z.output<Schema>, signal: AbortSignal): Promise<ToolOutcome>;
}

/** A result that is only text. */
export function said(text: string, isError = false): ToolOutcome {
  return { text, isError, exitCode: null, output: null, truncated: false };
}
