import { createMcpCalls } from '../../../activities/mcp-calls.ts';
import type { McpCall } from '../../../agent/mcp/mcp-port.ts';
import { createAnswerBudget } from '../../../mcp/answer-budget.ts';
import type { CommandPipe } from '../../../mcp/command.ts';

const NO_DATABASE = new Proxy({}, { get: () => () => Promise.reject(new Error('no database is here')) }) as never;
const NO_PROXY = { askServer: () => Promise.reject(new Error('the proxy is not asked')) };

/** A server over a pipe, with one tool that answers so many characters. */
function pipe(size: number): CommandPipe {
  const waiting: ((line: Buffer | null) => void)[] = [];
  const lines: (Buffer | null)[] = [];
  const say = (line: Buffer | null) => {
    const next = waiting.shift();
    if (next) next(line);
    else lines.push(line);
  };
  const resultOf: Readonly<Record<string, unknown>> = {
    initialize: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } },
    'tools/list': { tools: [{ name: 'big', inputSchema: { type: 'object' } }] },
    'tools/call': { content: [{ type: 'text', text: 'x'.repeat(size) }] },
  };
  return {
    output: (async function* () {
      for (;;) {
        const line = lines.length > 0 ? lines.shift() : await new Promise<Buffer | null>((done) => waiting.push(done));
        if (!line) return;
        yield line;
      }
    })(),
    words: () => '',
    async write(bytes) {
      const { id, method } = JSON.parse(bytes.toString()) as { id?: number; method: string };
      if (id !== undefined) {
        say(Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', id, result: resultOf[method] ?? {} })}\n`));
      }
    },
    close: () => say(null),
  };
}

const call = (size: number): McpCall => ({
  ...{ session: 'slack:T1:C1:1', turn: 1, sandbox: 's1', arguments: {}, facts: { readOnly: false, approved: false } },
  tool: { server: 'local', name: 'big', digest: 'd', owner: 'slack:T1:C1:1', command: ['x'] },
  open: async () => pipe(size),
  signal: new AbortController().signal,
  begin: async () => {},
  onProgress: () => {},
  elicit: async () => ({ action: 'cancel' }),
});

test('what an answer takes is counted until its files are written', async () => {
  const budget = createAnswerBudget({ perSandbox: 100_000, inAll: 1_000_000 });
  const calls = createMcpCalls({ database: NO_DATABASE, proxy: NO_PROXY, budget });
  const written = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const slow = calls.call(call(60_000), async ({ text }) => {
    reached.resolve();
    await written.promise;
    return text.length;
  });
  await reached.promise;
  await expect(calls.call(call(60_000), async () => 0)).rejects.toMatchObject({ code: 'AnswerTooLarge' });
  written.resolve();
  expect(await slow).toBe(60_000);
  expect(await calls.call(call(60_000), async ({ text }) => text.length)).toBe(60_000);
});

test('it is given back when a call fails, and when its files cannot be written', async () => {
  const budget = createAnswerBudget({ perSandbox: 100_000, inAll: 1_000_000 });
  const calls = createMcpCalls({ database: NO_DATABASE, proxy: NO_PROXY, budget });
  for (let round = 0; round < 3; round += 1) {
    await expect(calls.call(call(60_000), () => Promise.reject(new Error('disk')))).rejects.toThrow('disk');
    await expect(calls.call(call(200_000), async () => 0)).rejects.toMatchObject({ code: 'AnswerTooLarge' });
  }
  expect(await calls.call(call(60_000), async ({ text }) => text.length)).toBe(60_000);
});
