import type pg from 'pg';
import { turnOver } from '../../../activities/failure.ts';
import { createMcpTool } from '../../../agent/mcp/mcp-tool.ts';
import type { ToolContext } from '../../../agent/tools/tool.ts';
import { DatabaseBusy } from '../../../store/database.ts';
import { StoreError } from '../../../store/errors.ts';

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

/** Calls a tool that may be called once only, and that answers with a picture, where the sandbox fails as given. */
async function calling(sandbox: Partial<ToolContext['sandbox']>, signal = new AbortController().signal) {
  const tool = createMcpTool({
    ...{ server: 'shop', name: 'order', digest: 'd' },
    definition: { name: 'order', description: 'Orders.', inputSchema: {}, readOnly: false, idempotent: false },
  });
  const files = [{ name: '1.png', type: 'image/png', bytes: PNG }];
  const context = {
    ...{ session: 'T1/C1/1790000000.000001', turn: 1, step: 2, begin: async () => {} },
    sandbox: { writeFile: async () => {}, ...sandbox },
    callServer: (_: unknown, use: (answer: object) => unknown) => use({ isError: false, text: 'Ordered.', files }),
  } as unknown as ToolContext;
  return tool?.run(context, {}, signal);
}

const failing = (error: Error) => () => Promise.reject(error);
const notStarted = Object.assign(new Error('the command could not be started'), { code: 'CommandNotStarted' });

test('a call that is done keeps its outcome when its picture cannot be opened', async () => {
  const outcome = await calling({ runStep: failing(notStarted) });
  expect(outcome).toMatchObject({ isError: false, shown: [] });
  expect(outcome?.text).toMatch(/Ordered\.\n\[file, image\/png, 16 bytes: \/workspace\/mcp\/1-2\/1\.png\]/);
});

test('a call that is done keeps its outcome when the sandbox does not take its file', async () => {
  const away = Object.assign(new Error('the engine does not answer'), { code: 'EngineUnavailable' });
  const outcome = await calling({ writeFile: failing(away) });
  expect(outcome).toMatchObject({ isError: false, shown: [] });
  expect(outcome?.text).toMatch(/Ordered\.\n\[file, image\/png, 16 bytes: left out\. The sandbox did not take it\.\]/);
});

test.each([
  ['the turn is over', new StoreError('TurnOver', 'turn 1 is over')],
  ['the sandbox says that the turn is over', turnOver(1)],
  ['the database cannot be reached', new DatabaseBusy({ totalCount: 1, waitingCount: 1 } as pg.Pool)],
])('the call is left open when %s', async (_, error) => {
  await expect(calling({ runStep: failing(error) })).rejects.toBe(error);
  await expect(calling({ writeFile: failing(error) })).rejects.toBe(error);
});

test('the call is left open when its time is over', async () => {
  const stop = new AbortController();
  const runStep = () => {
    stop.abort(new Error('stopped'));
    return Promise.reject(notStarted);
  };
  await expect(calling({ runStep }, stop.signal)).rejects.toThrow('stopped');
});
