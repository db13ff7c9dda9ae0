import { EMPTY_DOCUMENT, type NamedModel } from '../../../access/document.ts';
import { indexAccess } from '../../../access/effective-access.ts';
import { createBeginning } from '../../../activities/begin-turn.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../activities/settings.ts';
import { modelNameOf } from '../../../store/access-snapshots.ts';
import { inTransaction } from '../../../store/database.ts';
import { storePolicy } from '../../../store/policy.ts';
import { ensureSession } from '../../../store/sessions.ts';
import { type GatewayStage, startGatewayStage, TEAM } from '../../support/gateway-stage.ts';
import { until } from '../../support/until.ts';

const named = (name: string): NamedModel => ({
  ...{ name, vendor: 'openai-compatible', api: 'chat-completions', baseUrl: 'https://llm.example/v1', model: name },
  ...{ contextTokens: 1000, answerTokens: 100, for: [], keyVersion: null, line: 1 },
});
const document = (models: readonly string[]) => ({
  ...EMPTY_DOCUMENT,
  models: ['large', 'small', 'secret'].map(named),
  scopes: [
    {
      ...({ scope: 'organization', label: 'organization', enabled: null, bundles: [], instructions: '' } as const),
      model: 'small',
      models,
    },
  ],
});

let stage: GatewayStage;
let allowed: readonly string[] = ['large', 'small'];

beforeAll(async () => {
  stage = await startGatewayStage();
  await stage.start({
    threadModels: async (scope) => {
      const index = indexAccess({ ...document(allowed), version: 1 });
      return { choices: index.modelChoices(scope), known: index.models.map(({ name }) => name) };
    },
  });
}, 60_000);
afterAll(() => stage?.[Symbol.asyncDispose]());

async function chosen(session: string): Promise<string | null> {
  const { rows } = await stage.db.database.query('select model from thread_model where session = $1', [session]);
  return rows[0]?.model ?? null;
}

test('people choose a model for one thread, without the model, and status says which', async () => {
  const { slack } = stage;
  const thread = await slack.post('ada', 'platform-eng', '@bellhop use large here');
  await slack.waitForAnswer(thread, /the model large answers in this thread/);
  const session = stage.sessionOf(thread);
  expect(await chosen(session)).toBe('large');
  expect(await stage.signals(session)).toEqual([]);

  const another = await slack.post('ada', 'platform-eng', '@bellhop chart the signups');
  await slack.waitForReaction(another, 'eyes');
  expect(await chosen(stage.sessionOf(another))).toBeNull();

  await slack.post('ada', 'platform-eng', '@bellhop go', { threadTs: thread.ts });
  await until(async () => (await stage.signals(session)).length === 1, 'the work to begin');
  await slack.post('ada', 'platform-eng', '@bellhop status', { threadTs: thread.ts });
  await slack.waitForWhisper('ada', /The model large was chosen for this thread/);
});

test('the next turn of the thread has the model, for as long as it may be chosen', async () => {
  const { slack, db } = stage;
  const { database } = db;
  const thread = await slack.post('grace', 'platform-eng', '@bellhop !use large');
  await slack.waitForAnswer(thread, /the model large/);
  const session = stage.sessionOf(thread);
  const scope = `channel:${TEAM}:${thread.channel}` as const;
  await ensureSession(database, { id: session, scope, principal: `agent@${scope}`, permalink: null });
  const { resolveScopeAccess } = createBeginning({ database, settings: DEFAULT_SESSION_SETTINGS });
  const modelOfTurn = async (turn: number, models: readonly string[]) => {
    await inTransaction(database, (db) =>
      storePolicy(db, { document: { ...document(models), version: turn }, source: '', appliedBy: 'test' }),
    );
    await database.query(
      "insert into turn (session, number, claim, requester, state) values ($1, $2, $3, 'U1', 'running')",
      [session, turn, `${session}/${turn}`],
    );
    await resolveScopeAccess({ session, turn, scope });
    await database.query("update turn set state = 'answered', ended_at = now() where session = $1", [session]);
    return modelNameOf(database, session, turn);
  };
  expect(await modelOfTurn(1, ['large'])).toBe('large');
  expect(await modelOfTurn(2, ['secret'])).toBe('small');
});

test('a name that cannot be chosen changes nothing and is answered with those that can', async () => {
  const { slack } = stage;
  const thread = await slack.post('ada', 'general', '@bellhop use huge here');
  await slack.waitForWhisper('ada', /There is no model huge\. You can choose: large, small/);
  await slack.post('ada', 'general', '@bellhop use lagre here', { threadTs: thread.ts });
  await slack.waitForWhisper('ada', /There is no model lagre \(did you mean large\?\)\. You can choose: large, small/);
  await slack.post('ada', 'general', '@bellhop use secret here', { threadTs: thread.ts });
  await slack.waitForWhisper('ada', /secret cannot be chosen here\. You can choose: large, small/);
  await slack.post('grace', 'general', '@bellhop !use', { threadTs: thread.ts });
  await slack.waitForWhisper('grace', /^You can choose: large, small/);
  expect(await slack.answers(thread)).toEqual([]);
  expect(await chosen(stage.sessionOf(thread))).toBeNull();
});

test('the usual model comes back by its word', async () => {
  const { slack } = stage;
  const thread = await slack.post('ada', 'general', '@bellhop use small here');
  await slack.waitForAnswer(thread, /the model small/);
  await slack.post('ada', 'general', '@bellhop use usual here', { threadTs: thread.ts });
  await slack.waitForAnswer(thread, /the usual model answers/);
  expect(await chosen(stage.sessionOf(thread))).toBeNull();
});

test('where none can be chosen, !use says who can change that, and other words are work', async () => {
  const { slack } = stage;
  allowed = [];
  await slack.post('ada', 'general', '@bellhop !use');
  await slack.waitForWhisper('ada', /An administrator can allow some with models: \[large\]/);
  const work = await slack.post('ada', 'general', '@bellhop use docker here');
  await slack.waitForReaction(work, 'eyes');
  allowed = ['large', 'small'];
});

test('a guest chooses nothing', async () => {
  const { slack } = stage;
  const thread = await slack.post('gia', 'partners', '@bellhop use large here');
  await until(
    async () =>
      (await stage.inbox()).some(({ author_class, state }) => author_class === 'guest' && state === 'refused'),
    'it',
  );
  expect(await chosen(stage.sessionOf(thread))).toBeNull();
});
