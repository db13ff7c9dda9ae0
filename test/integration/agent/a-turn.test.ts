import { finalText } from '../../../agent/final-text.ts';
import { type ModelApi, startModelApi } from '../../../simulators/model-api/server.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { createFakeSandbox, type FakeSandbox } from './support/fake-sandbox.ts';
import { newSession, say, sayAndBegin } from './support/session.ts';
import { agentOf, runTurn } from './support/turn.ts';

let db: TestDatabase;
let api: ModelApi;
let sandbox: FakeSandbox;

beforeAll(async () => {
  db = await createTestDatabase();
  api = await startModelApi({ scenarios: [], port: 0, apiKey: null, delayMs: 0 });
  sandbox = await createFakeSandbox();
});

afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await api.close();
  await db[Symbol.asyncDispose]();
});

test('a turn runs the tools that the model asks for and ends with an answer made of their results', async () => {
  const session = await newSession(db.database);
  const turn = await sayAndBegin(
    db.database,
    session,
    '<@UBOT> $ echo one\nwrite a.txt\n```\nhello\n```\n& $ cat a.txt; exit 3',
  );
  const results = await runTurn(agentOf(db.database, api.url), sandbox, session, turn);

  expect(results.map(({ tools, done }) => [tools.map(({ tool }) => tool), done])).toEqual([
    [['bash'], false],
    [['write_file', 'bash'], false],
    [[], true],
  ]);
  const text = await finalText(db.database, session, turn);
  expect(text).toMatch(/`\$ echo one` · exit code 0 · \d\.\d s\n```\none\n```/);
  expect(text).toMatch(/exit code 3 .*\n```\nhello\n```/);
});

test('tokens of every call are recorded by turn, principal, channel and model', async () => {
  const session = await newSession(db.database);
  const turn = await sayAndBegin(db.database, session, '$ true');
  await runTurn(agentOf(db.database, api.url), sandbox, session, turn);

  const { rows } = await db.database.query('select * from model_usage where session = $1 order by step', [session]);
  expect(rows.map(({ step, principal, channel, model }) => ({ step, principal, channel, model }))).toEqual([
    { step: 1, principal: 'agent@channel:T1:C1', channel: 'C1', model: 'demo' },
    { step: 3, principal: 'agent@channel:T1:C1', channel: 'C1', model: 'demo' },
  ]);
  const totals = await db.database.query('select input_tokens, output_tokens from turn where session = $1', [session]);
  expect(Number(totals.rows[0].input_tokens)).toBe(rows[0].input_tokens + rows[1].input_tokens);
  expect(rows[0].output_tokens).toBeGreaterThan(0);
});

test('a message of the next turn is answered with the conversation before it in the context', async () => {
  const session = await newSession(db.database);
  const deps = agentOf(db.database, api.url);
  await runTurn(deps, sandbox, session, await sayAndBegin(db.database, session, '$ echo first'));
  await say(db.database, session, {
    text: 'we talk about lunch',
    author: 'U9',
    authorClass: 'guest',
    state: 'context',
  });
  const turn = await sayAndBegin(db.database, session, '$ echo second');
  await runTurn(deps, sandbox, session, turn);

  const sent = JSON.stringify(api.calls.at(-1)?.request?.messages);
  expect(sent).toContain('echo first');
  expect(sent).toContain('<context from=\\"U9\\" id=\\"U9\\" class=\\"guest\\"');
  expect(await finalText(db.database, session, turn)).not.toContain('echo first');
});
