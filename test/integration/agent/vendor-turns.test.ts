/** Whole turns by every protocol of a model, on bad days of a server that we did not write. */
import { LLMock } from '@copilotkit/aimock';
import { ModelError } from '../../../agent/errors.ts';
import { finalText } from '../../../agent/final-text.ts';
import { createModel } from '../../../agent/model/create-model.ts';
import { type ModelStepDependencies, runModelStep } from '../../../agent/model-step.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { newSession, sayAndBegin } from './support/session.ts';
import { createToolStage, type ToolStage } from './support/tool-stage.ts';
import { agentOn, LIMITS } from './support/turn.ts';

const MEGABYTE = 'x'.repeat(1_000_000);
/** More failed attempts than a test deals out. */
const MOST_ATTEMPTS = 8;

type Answer = ReturnType<Exclude<Parameters<LLMock['on']>[1], object>>;

let stage: ToolStage;
let server: LLMock;

beforeAll(async () => {
  stage = await createToolStage();
  server = new LLMock({ port: 0, host: '127.0.0.1' });
  await server.start();
});
afterAll(async () => {
  await server.stop();
  await stage[Symbol.asyncDispose]();
});
beforeEach(() => void server.reset());

const command = (id: string) => ({
  toolCalls: [{ name: 'bash', arguments: JSON.stringify({ command: `echo ran >> ${id}; wc -l < ${id}` }) }],
});

describe.each([
  { api: 'messages', vendor: 'anthropic', path: '' },
  { api: 'chat-completions', vendor: 'openai-compatible', path: '/v1' },
  { api: 'responses', vendor: 'openai-compatible', path: '/v1' },
] as const)('$api', ({ api, vendor, path }) => {
  /** Of each request, in characters: the server's own journal leaves out long ones. */
  let sizes: number[] = [];

  function agent(): ModelStepDependencies {
    const named = {
      name: 'large',
      vendor,
      api,
      baseUrl: `${server.url}${path}`,
      model: 'some-model',
      for: [],
      line: 1,
    };
    const limits = { contextTokens: 1_000_000, answerTokens: 4_000, keyVersion: 1 };
    return agentOn(stage.database, createModel({ ...named, ...limits }, 'a-key'));
  }

  /** Answers what the server is asked, one after the other. */
  function answer(...answers: readonly unknown[]): void {
    const left = [...answers];
    sizes = [];
    server.on({ model: 'some-model' }, (request) => {
      sizes.push(JSON.stringify(request).length);
      return (left.shift() ?? { content: 'Nobody asked.' }) as Awaited<Answer>;
    });
  }

  /** Plays a turn as the workflow does: a model call that failed is tried again, a tool that has run is not. */
  async function turnOf(
    ask: string,
  ): Promise<{ readonly session: SessionId; readonly turn: number; readonly failed: number }> {
    const session = await newSession(stage.database);
    const turn = await sayAndBegin(stage.database, session, ask);
    const { signal } = new AbortController();
    const deps = agent();
    let failed = 0;
    for (let step = 1; ; ) {
      const asked = runModelStep(deps, { session, turn, step, limits: LIMITS, signal });
      const result = await asked.catch((error: unknown) => {
        if (!(error instanceof ModelError) || failed >= MOST_ATTEMPTS) throw error;
        return null;
      });
      if (!result) {
        failed += 1;
        server.clearChaos();
        continue;
      }
      for (const tool of result.tools) await stage.run({ session, turn, step: tool.step });
      if (result.done) return { session, turn, failed };
      step = result.nextStep;
    }
  }

  const bodies = () => server.getRequests().map(({ body }) => JSON.stringify(body));

  test('a command that has succeeded runs once, however often the call after it fails', async () => {
    const down = { error: { message: 'overloaded' }, status: 529 };
    answer(command(api), down, { error: { message: 'slow down' }, status: 429, retryAfter: 1 }, down, {
      content: 'It ran.',
    });
    const { session, turn, failed } = await turnOf('run it');
    expect(failed).toBe(3);
    expect(await finalText(stage.database, session, turn)).toBe('It ran.');
    expect(stage.sandbox.started.filter((id) => id.startsWith(session))).toHaveLength(1);
    expect(await stage.resultOf({ session, turn, step: 2 })).toEqual([
      { text: expect.stringMatching(/^exit code 0 · .* s\n\s*1\n$/), isError: false },
    ]);
    // The attempts of one call ask the same.
    expect(new Set(bodies().slice(1)).size).toBe(1);
  });

  test.each([
    ['is dropped', { dropRate: 1 }],
    ['is malformed', { malformedRate: 1 }],
    ['breaks off', { disconnectRate: 1 }],
  ])('an answer that %s is asked for again, and nothing of it is kept', async (_, chaos) => {
    answer({ content: 'Good day.' }, { content: 'Good day.' });
    server.setChaos(chaos);
    const { session, turn, failed } = await turnOf('hello');
    expect(failed).toBe(1);
    expect(await finalText(stage.database, session, turn)).toBe('Good day.');
  });

  test('a tool that does not exist is answered with those that do, and the turn goes on', async () => {
    answer({ toolCalls: [{ name: 'launch_rocket', arguments: '{}' }] }, { content: 'I cannot do that.' });
    const { session, turn } = await turnOf('launch it');
    expect(await finalText(stage.database, session, turn)).toBe('I cannot do that.');
    expect(bodies().at(-1)).toContain('There is no tool named launch_rocket. There are: bash, read_file');
  });

  test('a megabyte of arguments becomes a file, and goes back in the next request', async () => {
    const text = `${MEGABYTE}${api}`;
    answer(
      { toolCalls: [{ name: 'write_file', arguments: JSON.stringify({ path: `big-${api}`, text }) }] },
      { content: 'Written.' },
    );
    const { session, turn } = await turnOf('write it');
    expect(await finalText(stage.database, session, turn)).toBe('Written.');
    const { signal } = new AbortController();
    expect((await stage.sandbox.readFile(`big-${api}`, { maxBytes: 2_000_000, signal })).toString()).toBe(text);
    expect(sizes.at(-1)).toBeGreaterThan(MEGABYTE.length);
  }, 60_000);

  test('an empty answer ends the turn with nothing said, and no request holds an empty block', async () => {
    answer({ content: '' });
    const { session, turn } = await turnOf('say nothing');
    expect(await finalText(stage.database, session, turn)).toBeNull();
    for (const body of bodies()) expect(body).not.toMatch(/"(?:text|content)":"\s*"|"content":\[\]/);
  });

  test('an answer that is cut at its length is gone on with', async () => {
    answer({ content: 'Once upon ', finishReason: 'length' }, { content: 'a time.', finishReason: 'stop' });
    const { session, turn } = await turnOf('tell a story');
    expect(await finalText(stage.database, session, turn)).toBe('Once upon a time.');
    expect(bodies().at(-1)).toContain('cut at its length limit');
  });

  test('time and requester stand behind the system prompt, which is the same in every request', async () => {
    answer({ content: 'One.' }, { content: 'Two.' });
    await turnOf('first');
    await turnOf('second');
    const systems = server.getRequests().map(({ body }) => {
      const { system, instructions, messages } = body as unknown as Record<string, unknown>;
      return JSON.stringify(system ?? instructions ?? (messages as unknown[])[0]);
    });
    expect(systems[1]).toBe(systems[0]);
    expect(systems[0]).not.toMatch(/<turn number|\d\d:\d\d \(/);
    expect(bodies().at(-1)).toMatch(/<turn number=\\"1\\" now=\\"\w+, \d{4}-\d\d-\d\d/);
  });
});
