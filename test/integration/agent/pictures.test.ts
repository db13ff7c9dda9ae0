/** What people attach, on its way into a model's requests: a real sandbox, a real database, and a server that refuses what the vendor's does. */
import { ModelError } from '../../../agent/errors.ts';
import { createMcpTool } from '../../../agent/mcp/mcp-tool.ts';
import type { ModelRequest, PictureBlock } from '../../../agent/model/model.ts';
import { type ModelStepDependencies, runModelStep } from '../../../agent/model-step.ts';
import type { ToolContext } from '../../../agent/tools/tool.ts';
import { createPictureCache, MOST_PICTURES } from '../../../agent/transcript/shown-files.ts';
import { keepShown } from '../../../agent/viewing/keep-shown.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { type ModelApi, startModelApi } from '../../../simulators/model-api/server.ts';
import { saveFile } from '../../../store/files.ts';
import { appendTranscript, readTranscript } from '../../../store/transcript.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { createRealSandbox, type RealSandbox } from './support/real-sandbox.ts';
import { answering, call, scriptedModel, text } from './support/scripted-model.ts';
import { newSession, say, sayAndBegin } from './support/session.ts';
import { agentOf, LIMITS, runTurn } from './support/turn.ts';

let db: TestDatabase;
let real: RealSandbox;
let api: ModelApi;
let png: Buffer;
let pdf: Buffer;
let heic: Buffer;

beforeAll(async () => {
  [db, real, api] = await Promise.all([
    createTestDatabase(),
    createRealSandbox(),
    startModelApi({ scenarios: [], port: 0, apiKey: null, delayMs: 0 }),
  ]);
  await real.sandbox.run(
    `python3 -c "
from PIL import Image
Image.new('RGB', (300, 200), 'navy').save('a.png')
from matplotlib import pyplot
pyplot.figure().savefig('a.pdf')" && heif-enc a.png -o a.heic`,
    { timeoutMs: 60_000 },
  );
  const { signal } = new AbortController();
  png = await real.port.readFile('a.png', { maxBytes: 1e6, signal });
  pdf = await real.port.readFile('a.pdf', { maxBytes: 1e6, signal });
  heic = await real.port.readFile('a.heic', { maxBytes: 1e6, signal });
}, 180_000);
afterAll(async () => {
  await Promise.all([real?.[Symbol.asyncDispose](), db?.[Symbol.asyncDispose](), api?.close()]);
});

async function attached(files: Readonly<Record<string, Buffer>>, said = 'what is wrong here?') {
  const session = await newSession(db.database);
  const kept = [];
  for (const [name, bytes] of Object.entries(files)) {
    const file = await saveFile(db.database, { session, name, bytes, direction: 'in', origin: name });
    kept.push({ name, size: bytes.length, file });
  }
  await say(db.database, session, { text: said, files: kept });
  return { session, turn: await sayAndBegin(db.database, session, 'please') };
}

function scripted(model: ReturnType<typeof scriptedModel>): ModelStepDependencies {
  return { ...agentOf(db.database, 'http://127.0.0.1:1'), model, pictures: createPictureCache() };
}

const seen = ['images', 'pdf'] as const;
const run = (deps: ModelStepDependencies, session: SessionId, turn: number) => runTurn(deps, real.port, session, turn);

function picturesOf(request: ModelRequest | undefined): PictureBlock[] {
  return (request?.messages ?? []).flatMap(({ role, content }) =>
    role === 'assistant'
      ? []
      : content.flatMap((block) => {
          if (block.type === 'picture') return [block];
          return block.type === 'tool_result' ? [...(block.pictures ?? [])] : [];
        }),
  );
}

test('a picture of a message is in the first request, beside the message, and no model had to ask for it', async () => {
  const { session, turn } = await attached({ 'shot.png': png, 'notes.txt': Buffer.from('n') }, '$ echo one');
  await run(agentOf(db.database, api.url), session, turn);
  const requests = api.calls.map(({ status, request }) => ({ status, request })).slice(-2);
  expect(requests.map(({ status }) => status)).toEqual([200, 200]);
  const [first] = requests[0]?.request?.messages ?? [];
  const content = first?.content;
  if (typeof content !== 'object') throw new Error('no blocks');
  expect(content.map(({ type }) => type)).toEqual(['text', 'text', 'text', 'text', 'image']);
  expect(JSON.stringify(content)).toMatch(/<attached>\\n\/workspace\/uploads\/[^ ]+shot\.png is a picture \(PNG/);
  // The next request begins with the same bytes, so that the vendor's cache holds.
  expect(JSON.stringify(requests[1]?.request?.messages[0])).toBe(JSON.stringify(first));
}, 60_000);

test('a PDF goes as it is to a model that takes PDF, and as pages to one that takes pictures', async () => {
  const first = await attached({ 'report.pdf': pdf });
  const whole = scriptedModel([answering([text('Read.')])], undefined, seen);
  await run(scripted(whole), first.session, first.turn);
  expect(picturesOf(whole.requests[0]).map(({ mediaType }) => mediaType)).toEqual(['application/pdf']);

  const second = await attached({ 'report.pdf': pdf });
  const pages = scriptedModel([answering([text('Read.')])], undefined, ['images']);
  await run(scripted(pages), second.session, second.turn);
  expect(picturesOf(pages.requests[0]).map(({ mediaType }) => mediaType)).toEqual(['image/png']);
}, 60_000);

test('a PDF of the workspace reaches the server as a document of a result', async () => {
  const { session, turn } = await attached({}, 'call view_file {"path":"a.pdf"}');
  await run(agentOf(db.database, api.url), session, turn);
  const last = api.calls.at(-1);
  expect(last?.status).toBe(200);
  expect(JSON.stringify(last?.request?.messages)).toContain('"type":"document"');
}, 60_000);

test('a model that takes text only is asked at once, and is told that a picture is not shown to it', async () => {
  const { session, turn } = await attached({ 'shot.png': png });
  const model = scriptedModel([
    answering([call('a', 'view_file', { path: 'a.png' })], 'tools'),
    answering([text('I cannot see it.')]),
  ]);
  await run(scripted(model), session, turn);
  expect(JSON.stringify(model.requests[0]?.messages)).toMatch(/\[file: \/workspace\/uploads/);
  expect(picturesOf(model.requests[1])).toEqual([]);
  expect(JSON.stringify(model.requests[1]?.messages)).toContain(
    'a.png is not shown here: the model that answers here takes no pictures',
  );
}, 60_000);

test('a picture that cannot be opened costs a sentence, and the request is taken', async () => {
  const { session, turn } = await attached({ 'broken.png': png.subarray(0, 60) });
  await run(agentOf(db.database, api.url), session, turn);
  const last = api.calls.at(-1);
  expect(last?.status).toBe(200);
  expect(JSON.stringify(last?.request?.messages)).toMatch(/broken\.png: The file cannot be read as a picture/);
}, 60_000);

test('a picture of a telephone is in the first request as a picture that models take', async () => {
  const { session, turn } = await attached({ 'IMG_0001.HEIC': heic });
  const model = scriptedModel([answering([text('A blue one.')])], undefined, seen);
  await run(scripted(model), session, turn);
  expect(picturesOf(model.requests[0]).map(({ mediaType }) => mediaType)).toEqual(['image/png']);
  expect(JSON.stringify(model.requests[0]?.messages)).toContain('IMG_0001.HEIC is a picture (HEIC, 300 x 200 pixels)');
}, 60_000);

test('a picture of a telephone that cannot be opened is said before the model is asked, with what to ask for', async () => {
  const broken = Buffer.concat([Buffer.from('00000018667479706865696300000000', 'hex'), Buffer.alloc(100)]);
  const { session, turn } = await attached({ 'photo.heic': broken });
  const before = api.calls.length;
  await run(agentOf(db.database, api.url), session, turn);
  const [first] = api.calls.slice(before);
  expect(JSON.stringify(first?.request?.messages)).toMatch(
    /photo\.heic: The HEIC picture cannot be opened: .* Ask for a PNG or a JPEG/,
  );
}, 60_000);

test('a server that refuses pictures is asked without them, once, and from then on', async () => {
  const { session, turn } = await attached({ 'shot.png': png });
  const refuse = () => {
    throw new ModelError('ModelRefusedRequest', '400 this model takes no images', { status: 400 });
  };
  const model = scriptedModel(
    [refuse, answering([call('a', 'bash', { command: 'true' })], 'tools'), answering([text('Done.')])],
    undefined,
    seen,
  );
  await run(scripted(model), session, turn);
  expect(model.requests.map((request) => picturesOf(request).length)).toEqual([1, 0, 0]);
  expect(JSON.stringify(model.requests[2]?.messages)).toContain(
    "shot.png is not shown here: the model's server refused it",
  );
}, 60_000);

const typesOf = ({ requests }: ReturnType<typeof scriptedModel>) =>
  requests.map((request) => picturesOf(request).map(({ mediaType }) => mediaType));

test('a server that refuses a PDF is given its pages, and from then on', async () => {
  const { session, turn } = await attached({ 'report.pdf': pdf });
  const refuse = () => {
    throw new ModelError('ModelRefusedRequest', '400 the PDF is not valid', { status: 400 });
  };
  const model = scriptedModel(
    [refuse, answering([call('a', 'bash', { command: 'true' })], 'tools'), answering([text('Done.')])],
    undefined,
    seen,
  );
  await run(scripted(model), session, turn);
  expect(typesOf(model)).toEqual([['application/pdf'], ['image/png'], ['image/png']]);
}, 60_000);

test('a server that refuses a PDF and its pages is asked without them', async () => {
  const { session, turn } = await attached({ 'report.pdf': pdf });
  const refuse = () => {
    throw new ModelError('ModelRefusedRequest', '400 no', { status: 400 });
  };
  const model = scriptedModel([refuse, refuse, answering([text('Done.')])], undefined, seen);
  await run(scripted(model), session, turn);
  expect(typesOf(model)).toEqual([['application/pdf'], ['image/png'], []]);
}, 60_000);

test('a refusal that is not about pictures stays a refusal', async () => {
  const { session, turn } = await attached({});
  const model = scriptedModel(
    [
      () => {
        throw new ModelError('ModelRefusedRequest', '400 no', { status: 400 });
      },
    ],
    undefined,
    seen,
  );
  await expect(run(scripted(model), session, turn)).rejects.toThrow('400 no');
});

/** A thread in which tools have shown so many pictures. */
async function withPictures(count: number): Promise<{ session: SessionId; turn: number }> {
  const { session, turn } = await attached({});
  for (let step = 1; step <= count; step += 1) {
    const picture = {
      type: 'image/png',
      label: `${step}.png`,
      bytes: Buffer.concat([png, Buffer.from([step])]),
      tokens: 1,
    } as const;
    const shown = await keepShown(db.database, { session, turn, step: 1000 + step }, [picture]);
    const id = `call_${step}`;
    const usage = { inputTokens: 1, outputTokens: 1 };
    const blocks = [call(id, 'view_file', {})];
    await appendTranscript(db.database, session, [
      {
        turn,
        role: 'assistant',
        step: 2000 + step,
        content: { blocks, stopReason: 'tools', usage, model: 'm' },
        tokens: 1,
      },
      {
        turn,
        role: 'tool',
        step: 1000 + step,
        content: { call: id, tool: 'view_file', text: 't', isError: false, shown },
        tokens: 1,
      },
    ]);
  }
  return { session, turn };
}

test('a request shows the newest pictures, and a sentence in place of older ones, which are left out in strides', async () => {
  const labels = async (count: number) => {
    const { session, turn } = await withPictures(count);
    const model = scriptedModel([answering([text('Done.')])], undefined, seen);
    await runModelStep(scripted(model), {
      session,
      turn,
      step: 1,
      limits: LIMITS,
      signal: new AbortController().signal,
    });
    return {
      shown: picturesOf(model.requests[0]).map(({ label }) => label),
      all: JSON.stringify(model.requests[0]?.messages),
    };
  };
  expect((await labels(MOST_PICTURES)).shown).toHaveLength(MOST_PICTURES);
  const one = await labels(MOST_PICTURES + 1);
  expect(one.shown[0]).toBe('6.png');
  expect(one.all).toContain(
    '5.png is not shown here: a request shows the newest 20 pictures at most. Look at it again with view_file',
  );
  expect((await labels(MOST_PICTURES + 5)).shown[0]).toBe('6.png');
  expect((await labels(MOST_PICTURES + 6)).shown[0]).toBe('11.png');
}, 60_000);

test('a picture whose bytes have gone with their retention leaves a sentence', async () => {
  const { session, turn } = await withPictures(1);
  await db.database.query("delete from file where session = $1 and direction = 'seen'", [session]);
  const model = scriptedModel([answering([text('Done.')])], undefined, seen);
  await runModelStep(scripted(model), { session, turn, step: 1, limits: LIMITS, signal: new AbortController().signal });
  expect(picturesOf(model.requests[0])).toEqual([]);
  expect(JSON.stringify(model.requests[0]?.messages)).toContain('it is not kept any more');
});

test('the pictures of an MCP server go the same way', async () => {
  const tool = createMcpTool({
    ...{ server: 'browser', name: 'shot', digest: 'd' },
    definition: { name: 'shot', description: 'Takes one.', inputSchema: {}, readOnly: true, idempotent: true },
  });
  const files = [
    { name: '1.png', type: 'image/png', bytes: png },
    { name: '2.png', type: 'image/png', bytes: Buffer.from('no picture at all') },
  ];
  const context = {
    ...{ session: await newSession(db.database), turn: 1, step: 2, sandbox: real.port, begin: async () => {} },
    callServer: (_: unknown, use: (answer: object) => unknown) => use({ isError: false, text: 'Here.', files }),
  } as unknown as ToolContext;
  const outcome = await tool?.run(context, {}, new AbortController().signal);
  expect(outcome?.text).toContain('[file, image/png, 17 bytes: /workspace/mcp/1-2/2.png]');
  expect(outcome?.shown?.map(({ label, type }) => [label, type])).toEqual([['/workspace/mcp/1-2/1.png', 'image/png']]);
}, 60_000);

test('an attempt that is repeated looks once', async () => {
  const { session, turn } = await attached({ 'shot.png': png });
  const deps = scripted(scriptedModel([], undefined, seen));
  const step = { session, turn, step: 1, limits: LIMITS, signal: new AbortController().signal };
  const [first, again] = await Promise.all([runModelStep(deps, step), runModelStep(deps, step)]);
  expect(first.tools).toEqual([{ step: 2, tool: 'view_file', parallel: true }]);
  expect(again).toEqual(first);
  const rows = await readTranscript(db.database, session);
  expect(rows.filter(({ role }) => role === 'assistant')).toHaveLength(1);
});
