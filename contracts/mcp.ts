import type { ToolRules } from '../access/document.ts';

/** A tool of an MCP server, in the size in which models are given it. Everything but the name is the server's own words. */
export interface ToolDefinition {
  /** As the server calls it. */
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its arguments. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** The server says that a call changes nothing. */
  readonly readOnly: boolean;
  /** The server says that a second call with the same arguments changes nothing more. */
  readonly idempotent: boolean;
}

/** What a turn is offered of MCP servers. It is fixed when the turn begins. */
export interface TurnTools {
  readonly offered: readonly OfferedTool[];
  /** What the model is told of servers, in sentences. */
  readonly notes: readonly string[];
  /** Connections of the requester's own that the agent may ask for. Absent: none. */
  readonly own?: readonly string[];
  /** Servers that a command starts in the sandbox. Absent: none. */
  readonly commands?: readonly TurnCommand[];
}

/** An MCP server that a turn may start in its sandbox. */
export interface TurnCommand {
  readonly server: string;
  readonly command: readonly string[];
  /** With what guardrails forbid. */
  readonly rules: ToolRules;
}

/** A tool in the definition in which a turn is offered it. */
export interface OfferedTool {
  /** The id of the server's connection. */
  readonly server: string;
  /** As the server calls it. */
  readonly name: string;
  /** Names the definition. */
  readonly digest: string;
  /**
   * The scope of the person whose server it is, or the session for one that runs in the sandbox. Absent for a server of the access
   * file.
   */
  readonly owner?: string;
  /** What starts the server in the sandbox. Absent for one that is elsewhere. */
  readonly command?: readonly string[];
  /** True for a tool of which each call needs somebody in the thread who allows it. */
  readonly asks?: boolean;
}

export const NO_TOOLS: TurnTools = { offered: [], notes: [] };
