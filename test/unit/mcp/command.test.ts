import { createAnswerBudget } from '../../../mcp/answer-budget.ts';
import { COMMAND_LIMITS, type CommandPipe, withCommand } from '../../../mcp/command.ts';
import type { McpSession } from '../../../mcp/session.ts';

const signal = new AbortController().signal;
const RESULTS = {
  initialize: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } },
};
const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}\n';
const NOTE = '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}\n';

/** A server that is greeted, and says `flood` when it is asked for its tools. */
function serverThatSays(flood: readonly Buffer[], greeting: unknown = RESULTS.initialize) {
  const state = { written: 0, taken: 0 };
  const greeted = Promise.withResolvers<Buffer>();
  const asked = Promise.withResolvers<void>();
  const pipe: CommandPipe = {
    output: (async function* () {
      yield await greeted.promise;
      await asked.promise;
      for (const chunk of flood) {
        state.taken += 1;
        yield chunk;
      }
    })(),
    words: () => '',
    async write(bytes) {
      state.written += 1;
      const { id, method } = JSON.parse(bytes.toString()) as { id: number; method?: string };
      if (method === 'initialize') {
        greeted.resolve(Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', id, result: greeting })}\n`));
      }
      if (method === 'tools/list') asked.resolve();
    },
    close: () => {},
  };
  return { pipe, state, asked };
}

const list = (session: McpSession) => session.listTools();

test('a server that asks without end is left, and not answered without end', async () => {
  const flood = Array.from({ length: 400 }, () => Buffer.from(PING.repeat(1_000)));
  const { pipe, state } = serverThatSays(flood);
  await expect(withCommand(pipe, { signal, limits: COMMAND_LIMITS }, list)).rejects.toMatchObject({
    ...{ code: 'ServerFailed', message: 'The server asked too many questions of its own.' },
  });
  expect(state.written).toBeLessThan(100);
  expect(state.taken).toBe(1);
});

test.each([[{}], [{ serverInfo: { name: 'x', version: '1' } }]])(
  'a greeting of very many values is not given to the SDK, whatever else it says: %j',
  async (more) => {
    const experimental = Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [`a${n}`, 1]));
    const greeting = { protocolVersion: '2025-06-18', capabilities: { experimental }, ...more };
    const { pipe } = serverThatSays([], greeting);
    await expect(withCommand(pipe, { signal, limits: COMMAND_LIMITS }, list)).rejects.toMatchObject({
      ...{ code: 'ServerFailed', message: 'The server says more at once than an MCP server may.' },
    });
  },
);

test('what a server only tells is no question', async () => {
  const { pipe } = serverThatSays([Buffer.from(NOTE.repeat(200)), Buffer.from(PING.repeat(50))]);
  await expect(withCommand(pipe, { signal, limits: COMMAND_LIMITS }, list)).rejects.toMatchObject({
    ...{ code: 'ServerAway', message: 'It ended.' },
  });
});

test('what a server says when its session is over is not counted any more', async () => {
  const { pipe, state, asked } = serverThatSays(Array.from({ length: 50 }, () => Buffer.from('x'.repeat(1_000))));
  const budget = createAnswerBudget({ perSandbox: 20_000, inAll: 20_000 });
  const room = budget.open('one');
  await withCommand(pipe, { signal, limits: COMMAND_LIMITS, room }, async () => {});
  room.close();
  asked.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(state.taken).toBeLessThan(2);
  expect(budget.open('one').take(20_000)).toBe(true);
});
