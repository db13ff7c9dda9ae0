import { COMMAND_LIMITS, withCommand } from '../../../mcp/command.ts';
import type { McpSession } from '../../../mcp/session.ts';
import { everythingBundle } from '../../support/mcp/everything-bundle.ts';
import { until } from '../../support/until.ts';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;
const never = new AbortController().signal;

beforeAll(async () => {
  fixture = await createFixture();
  sandbox = await fixture.sandbox();
  await fixture.runtime.writeFile(sandbox.id, sandbox.uid, '/workspace/everything.mjs', await everythingBundle());
}, 120_000);
afterAll(() => fixture?.[Symbol.asyncDispose]());

const open = (command: readonly string[], turn = 1, signal = never) =>
  fixture.runtime.openPiped(sandbox.id, { uid: sandbox.uid, turn, command, signal });

async function textOf(output: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of output) text += chunk.toString('utf8');
  return text;
}

async function talk<T>(
  command: readonly string[],
  work: (session: McpSession) => Promise<T>,
  limits = COMMAND_LIMITS,
): Promise<T> {
  return await withCommand(await open(command), { signal: never, limits }, work);
}

const call =
  (name: string, given = {}) =>
  (session: McpSession) =>
    session.callTool({ name, arguments: given, onProgress: () => {} });

describe('a command with pipes', () => {
  test('runs as the agent’s user, with its environment and limits, and no shell reads its arguments', async () => {
    const pipe = await open(['/bin/bash', '-c', 'id -u; pwd; echo $HOME; ulimit -u; echo "$1"', 'x', '$(id) & "']);
    const [uid, folder, home, processes, argument] = (await textOf(pipe.output)).split('\n');
    expect([uid, folder, home, processes]).toEqual([String(sandbox.uid), '/workspace', '/workspace/.home', '250']);
    expect(argument).toBe('$(id) & "');
    pipe.close();
  });

  test('has the variables of a command of a step', async () => {
    const differing = /^(_|SHLVL|PWD|OLDPWD|BELLHOP_STEP)=/;
    const variables = (text: string) =>
      text
        .split('\n')
        .filter((line) => line !== '' && !differing.test(line))
        .sort();
    const pipe = await open(['/usr/bin/env']);
    const piped = variables(await textOf(pipe.output));
    const ofStep = variables((await sandbox.run('/usr/bin/env')).output);
    expect(piped).toEqual(ofStep);
    expect(piped).toContain('GEM_HOME=/workspace/.home/.local/gems');
    pipe.close();
  });

  test('ends with its input, and is killed when it does not', async () => {
    const pipe = await open(['/bin/bash', '-c', 'trap "" TERM HUP; echo started; while :; do sleep 1; done']);
    const seen = pipe.output[Symbol.asyncIterator]();
    expect((await seen.next()).value?.toString()).toBe('started\n');
    const runs = async () => (await sandbox.run('pgrep -c -f "echo starte[d]" || true')).output.trim();
    expect(await runs()).not.toBe('0');
    pipe.close();
    await until(async () => (await runs()) === '0', 'the end of the command', 15_000);
  }, 30_000);

  test('that ends by itself ends its output, with its last words', async () => {
    const pipe = await open(['/bin/bash', '-c', 'echo out; echo "went wrong" >&2; exit 3']);
    expect(await textOf(pipe.output)).toBe('out\n');
    expect(pipe.words()).toBe('went wrong');
    pipe.close();
  });

  test('is not started when its turn is over', async () => {
    const other = await fixture.sandbox();
    await fixture.runtime.endTurn(other.id, other.uid, 4);
    const of = (turn: number) =>
      fixture.runtime.openPiped(other.id, { uid: other.uid, turn, command: ['/bin/echo', 'here'], signal: never });
    const late = await of(4);
    expect(await textOf(late.output)).toBe('');
    expect(late.words()).toBe('the turn is over');
    expect(await textOf((await of(5)).output)).toBe('here\n');
  }, 30_000);

  test('is ended with the turn', async () => {
    const other = await fixture.sandbox();
    const pipe = await fixture.runtime.openPiped(other.id, {
      ...{ uid: other.uid, turn: 1, signal: never },
      command: ['/bin/bash', '-c', 'echo started; exec sleep 1000'],
    });
    const seen = pipe.output[Symbol.asyncIterator]();
    await seen.next();
    await fixture.runtime.endTurn(other.id, other.uid, 1);
    expect((await seen.next()).done).toBe(true);
  }, 30_000);
});

describe('an MCP server in the sandbox', () => {
  const EVERYTHING = ['node', '/workspace/everything.mjs'];

  test('is the reference server: it lists and runs its tools', async () => {
    const { names, sum } = await talk(EVERYTHING, async (session) => ({
      names: (await session.listTools()).map(({ definition }) => definition.name),
      sum: await call('get-sum', { a: 2, b: 40 })(session),
    }));
    expect(names).toEqual(expect.arrayContaining(['echo', 'get-sum', 'trigger-elicitation-request']));
    expect(sum.text).toContain('42');
  }, 60_000);

  test('may ask a person', async () => {
    const answer = await talk(EVERYTHING, (session) =>
      session.callTool({
        ...{ name: 'trigger-elicitation-request', arguments: {}, onProgress: () => {} },
        elicit: async ({ fields }) => ({ action: 'accept', given: { [fields[0]?.name ?? '']: 'Ada' } }),
      }),
    );
    expect(answer.text).toContain('Ada');
  }, 60_000);

  test('that does not start, or is none, is told with its words', async () => {
    await expect(talk(['/no/such/program'], (session) => session.listTools())).rejects.toMatchObject({
      ...{ code: 'ServerAway', message: expect.stringContaining('No such file') },
    });
    await expect(talk(['/bin/echo', 'hello'], (session) => session.listTools())).rejects.toMatchObject({
      code: 'ServerAway',
    });
    await expect(talk(['/bin/bash', '-c', 'yes'], (session) => session.listTools())).rejects.toMatchObject({
      code: 'ServerFailed',
    });
  }, 60_000);

  test('that crashes in a call, says too much, or says nothing, is told as that', async () => {
    const scripted = (script: string) => [
      'node',
      '-e',
      `let text = ''; process.stdin.on('data', (some) => { text += some; for (let at; (at = text.indexOf('\\n')) >= 0; text = text.slice(at + 1)) {
        const { id, method } = JSON.parse(text.slice(0, at));
        const say = (result) => console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
        if (method === 'initialize') say({ protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } });
        if (method === 'tools/call') { ${script} } } })`,
    ];
    await expect(talk(scripted('console.error("out of luck"); process.exit(1)'), call('x'))).rejects.toMatchObject({
      ...{ code: 'ServerAway', message: 'It ended, and said: out of luck' },
    });
    await expect(
      talk(scripted('process.stdout.write("x".repeat(3e6))'), call('x'), { ...COMMAND_LIMITS, maxBytes: 1_000_000 }),
    ).rejects.toMatchObject({ code: 'AnswerTooLarge' });
    await expect(talk(scripted(''), call('x'), { ...COMMAND_LIMITS, silenceMs: 500 })).rejects.toMatchObject({
      code: 'NoAnswerInTime',
    });
  }, 60_000);

  test('goes with its sandbox, which is told as that', async () => {
    const other = await fixture.sandbox();
    await fixture.runtime.writeFile(other.id, other.uid, '/workspace/everything.mjs', await everythingBundle());
    const pipe = await fixture.runtime.openPiped(other.id, {
      ...{ uid: other.uid, turn: 1, signal: never, command: EVERYTHING },
    });
    const working = withCommand(pipe, { signal: never, limits: COMMAND_LIMITS }, async (session) => {
      await session.listTools();
      await fixture.runtime.remove(other.id);
      return await session.listTools();
    });
    await expect(working).rejects.toMatchObject({ code: 'ServerAway' });
  }, 60_000);
});
