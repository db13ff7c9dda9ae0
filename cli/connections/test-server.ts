import type { McpServer } from '../../access/document.ts';
import { McpError } from '../../mcp/errors.ts';
import { LOOK_LIMITS, withServer } from '../../mcp/session.ts';
import type { ProxyControl } from '../../proxy/control-client.ts';
import { shownName } from '../shown-name.ts';
import { ruleOn, type ToolDescription } from './describe-connection.ts';

/** What came of asking an MCP server for its tools. */
export interface TestedServer {
  readonly url: string;
  readonly ms: number;
  /** What it calls itself. Null when it could not be asked. */
  readonly name: string | null;
  readonly tools: readonly Pick<ToolDescription, 'name' | 'rule' | 'problem'>[];
  /** Why it could not be asked. */
  readonly problem: string | null;
}

const WITHIN_MS = 60_000;

/** Greets an MCP server with its credential and asks for its tools. It calls none. */
export async function testServer(
  control: Pick<ProxyControl, 'askServer'>,
  connection: string,
  { url, tools }: McpServer,
): Promise<TestedServer> {
  const before = performance.now();
  const took = () => Math.round(performance.now() - before);
  try {
    const signal = AbortSignal.timeout(WITHIN_MS);
    return await withServer(
      url,
      (ask) => control.askServer({ connection, url }, null, ask),
      { signal, limits: LOOK_LIMITS },
      async (session) => {
        const listed = await session.listTools();
        const found = listed.map(({ definition: { name }, problem }) => ({ name, rule: ruleOn(name, tools), problem }));
        return { url, ms: took(), name: session.name, tools: found, problem: null };
      },
    );
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    if (!(error instanceof McpError) && !isLate) throw error;
    const problem = isLate ? 'It did not list its tools in time.' : error.message;
    return { url, ms: took(), name: null, tools: [], problem };
  }
}

/** The output of `bellhop connections test` for an MCP server: its tools, or why it did not list them. */
export function serverTestText(connection: string, { url, ms, name, tools, problem }: TestedServer): string {
  const head = `${connection}: ${url}`;
  if (problem !== null) return `${head}\n  ${problem}`;
  const lines = tools.map(
    (tool) => `  ${shownName(tool.name)}: ${tool.rule}${tool.problem ? `. ${tool.problem}` : ''}`,
  );
  return [head, `  ${shownName(name || 'it')} answered in ${ms} ms and has ${tools.length} tools:`, ...lines].join(
    '\n',
  );
}
