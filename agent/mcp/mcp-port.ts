import type { ToolFacts } from '../../access/mcp/judge-tool.ts';
import type { SessionId } from '../../contracts/ids.ts';
import type { OfferedTool } from '../../contracts/mcp.ts';
import type { Elicit } from '../../mcp/elicitation.ts';
import type { ToolAnswer } from '../../mcp/tool-answer.ts';

/** Calls tools of MCP servers. The runner binds it to its Agent Proxy. */
export interface McpPort {
  /**
   * Calls a tool once. A server that is away, a refusal and a changed definition reject with `McpError`, in words for the model.
   * What is thrown otherwise is a failure of ours, and nothing was called then.
   */
  call(call: McpCall): Promise<ToolAnswer>;
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
  readonly signal: AbortSignal;
  /** Awaited just before the call is sent. From then on it may have an effect. */
  readonly begin: () => Promise<void>;
  /** How far the server says that it is: `3 of 10`. */
  readonly onProgress: (progress: string) => void;
  /** Puts a question of the server to a person, and waits for the answer. */
  readonly elicit: Elicit;
}
