import type { ToolFacts } from '../../access/mcp/judge-tool.ts';
import type { SessionId } from '../../contracts/ids.ts';
import type { OfferedTool } from '../../contracts/mcp.ts';
import type { CommandPipe } from '../../mcp/command.ts';
import type { Elicit } from '../../mcp/elicitation.ts';
import type { ToolAnswer } from '../../mcp/tool-answer.ts';
import type { ListedTool } from '../../mcp/tool-definition.ts';

/** Calls tools of MCP servers. The runner binds it to its Agent Proxy. */
export interface McpPort {
  /**
   * Calls a tool once. A server that is away, a refusal and a changed definition reject with `McpError`, in words for the model.
   * What is thrown otherwise is a failure of ours, and nothing was called then.
   *
   * @param use what is done with the answer. Its memory is counted until that is done
   */
  call<T>(call: McpCall, use: (answer: ToolAnswer) => Promise<T>): Promise<T>;
  /** Starts a server in the sandbox, keeps what it lists for the session, and ends it. Rejects with `McpError`. */
  start(start: ServerStart): Promise<readonly ListedTool[]>;
}

/** Starts a command in the sandbox of the turn. */
export type OpenPipe = (command: readonly string[], signal: AbortSignal) => Promise<CommandPipe>;

export interface ServerStart {
  readonly session: SessionId;
  readonly sandbox: string;
  readonly server: string;
  readonly command: readonly string[];
  readonly open: OpenPipe;
  readonly signal: AbortSignal;
}

export interface McpCall {
  readonly session: SessionId;
  readonly turn: number;
  /** The sandbox that holds the turn's lease. */
  readonly sandbox: string;
  readonly tool: OfferedTool;
  /** What its approved definition says, and whether somebody has allowed this call. */
  readonly facts: ToolFacts;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** For a server that runs in the sandbox. */
  readonly open: OpenPipe;
  readonly signal: AbortSignal;
  /** Awaited just before the call is sent. From then on it may have an effect. */
  readonly begin: () => Promise<void>;
  /** How far the server says that it is: `3 of 10`. */
  readonly onProgress: (progress: string) => void;
  /** Puts a question of the server to a person, and waits for the answer. */
  readonly elicit: Elicit;
}
