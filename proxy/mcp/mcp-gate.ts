import { judgeTool, lacking, type ToolDecision, type ToolFacts } from '../../access/mcp/judge-tool.ts';
import { serverName } from '../../access/personal-access.ts';
import { type Content, type ContentRequest, withBody } from '../git/content.ts';
import { Refusal } from '../refusal.ts';
import { readMessage } from './read-message.ts';

export interface McpRequest extends ContentRequest {
  /** The id of the server's connection. */
  readonly connection: string;
  /** What the runner says of a call. */
  readonly facts: ToolFacts;
  /** False for a look at the list of tools, which no turn asked for. */
  readonly isTurn: boolean;
}

/**
 * Judges what a session of ours says to an MCP server. It stands behind `decide`, which has allowed the address already. A
 * tool that the rules of the moment do not allow is not called.
 *
 * @throws Refusal `tool_refused`, `guardrail`, `bad_request`
 */
export async function judgeMcp(request: McpRequest): Promise<Content> {
  const { head, body, exchange, access, connection: server, facts, isTurn } = request;
  const unchanged = {
    head,
    body: null,
    answer: null,
    attach: (injection: Parameters<Content['attach']>[0]) => injection,
  };
  const isThere: Content['stillHolds'] = (later) => later.servers.some(({ connection }) => connection.id === server);
  // Only a message has a body: the end of a session has none, and neither has a stream that is taken up again.
  if (exchange.method !== 'POST') {
    exchange.work = {
      repository: null,
      operation: exchange.method === 'DELETE' ? 'end' : 'resume',
      ref: null,
      pullRequest: null,
    };
    return { ...unchanged, stillHolds: isThere };
  }
  const message = await readMessage(head, body);
  const { tool } = message;
  exchange.work = { repository: null, operation: message.method, ref: null, pullRequest: null, tool };
  const sent = { ...unchanged, head: withBody(head, message.body), body: message.body };
  const isLook = tool === null && message.method !== 'resources/read';
  if (!isTurn && !isLook) {
    const why = 'Outside a turn no tool is called and no resource is read.';
    throw new Refusal('tool_refused', why, { rule: server, connection: server });
  }
  if (tool === null) return { ...sent, stillHolds: isThere };
  const decision = judgeTool({ server, tool }, access);
  if (decision.outcome === 'blocked') {
    const names = { rule: decision.rule, connection: server };
    if (decision.code === 'guardrail') exchange.rule = null;
    throw new Refusal(decision.code === 'guardrail' ? 'guardrail' : 'tool_refused', decision.reason, names);
  }
  const lacks = whatLacks(decision);
  if (lacks !== null) throw new Refusal('tool_refused', lacks, { rule: server, connection: server });
  return { ...sent, stillHolds: (later) => whatLacks(judgeTool({ server, tool }, later)) === null };

  function whatLacks(judged: ToolDecision): string | null {
    if (judged.outcome === 'blocked') return judged.reason;
    return lacking(judged.needs, facts, `${serverName(server)}.${tool}`);
  }
}
