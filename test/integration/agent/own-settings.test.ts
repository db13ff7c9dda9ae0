/** What a person has set counts in their own direct message, and nowhere else. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { EMPTY_DOCUMENT, type NamedModel } from '../../../access/document.ts';
import { createBeginning } from '../../../activities/begin-turn.ts';
import { createCallModel } from '../../../activities/call-model.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../activities/settings.ts';
import { createToolRegistry } from '../../../agent/tools/registry.ts';
import { createTranscriptCache } from '../../../agent/transcript/transcript-cache.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { principalOf, type ScopeKey } from '../../../contracts/scope.ts';
import { modelNameOf } from '../../../store/access-snapshots.ts';
import {
  removePersonalSettings,
  setOwnInstructions,
  setOwnLimit,
  setOwnModel,
} from '../../../store/personal-settings.ts';
import { storePolicy } from '../../../store/policy.ts';
import { ensureSession } from '../../../store/sessions.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { answering, type ScriptedModel, scriptedModel, text } from './support/scripted-model.ts';
import { type Said, say } from './support/session.ts';

const ADA = { team: 'T1', person: 'U1' };
const named = (name: string): NamedModel => ({
  ...{ name, vendor: 'openai-compatible', api: 'chat-completions', baseUrl: 'http://127.0.0.1:1/v1', model: name },
  ...{ contextTokens: 1000, answerTokens: 100, for: [], keyVersion: null, line: 1 },
});

let db: TestDatabase;
let serial = 0;

beforeAll(async () => {
  db = await createTestDatabase();
  const document = {
    ...EMPTY_DOCUMENT,
    version: 1,
    models: [named('large'), named('small'), named('hidden')],
    scopes: [
      {
        scope: 'organization' as const,
        label: 'organization',
        enabled: null,
        bundles: [],
        instructions: 'Be polite.',
        model: 'large',
      },
      {
        scope: 'channel:T1:C2' as const,
        label: '#ops',
        enabled: null,
        bundles: [],
        instructions: '',
        model: 'small',
      },
    ],
    people: { offers: [], models: ['large', 'small'] },
  };
  await storePolicy(db.database, { document, source: '', appliedBy: 'test' });
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(async () => {
  await db.database.query('delete from personal_settings');
});

interface TurnOptions {
  /** Goes on in this thread by another run of its workflow. */
  readonly again?: SessionId;
  readonly said?: Partial<Said>;
}

/** A turn of somebody in a scope, up to its first model call. */
async function turnIn(
  scope: ScopeKey,
  model: ScriptedModel = scriptedModel([answering([text('ok')])]),
  { again, said = {} }: TurnOptions = {},
) {
  serial += 1;
  const session: SessionId = again ?? `slack:T1:D1:${1_800_000_000 + serial}.000100`;
  await ensureSession(db.database, { id: session, scope, principal: principalOf(scope), permalink: null });
  await say(db.database, session, { text: 'hi', ...said });
  const beginning = createBeginning({ database: db.database, settings: DEFAULT_SESSION_SETTINGS });
  const fence = await beginning.openRun({ session, runId: `run-${serial}` });
  const begun = await beginning.beginTurn({ session, fence: { run: fence, count: 1 }, after: 0, stoppedUpTo: null });
  if (!begun) throw new Error('no turn');
  await beginning.resolveScopeAccess({ session, turn: begun.turn, scope });
  const callModel = createCallModel({
    ...{ database: db.database, model, settings: DEFAULT_SESSION_SETTINGS, clock: Date.now },
    ...{ tools: createToolRegistry(), transcripts: createTranscriptCache(), show: async () => {} },
    prompt: { name: 'bellhop' },
    log: { warn: () => {} } as never,
  });
  return {
    ...{ session, begun, model },
    modelName: await modelNameOf(db.database, session, begun.turn),
    call: (step = 1) => new MockActivityEnvironment().run(callModel, { session, turn: begun.turn, step } as never),
  };
}

test('a choice of model counts in the own direct message only, and only while it is left to people', async () => {
  expect((await turnIn('person:T1:U1')).modelName).toBe('large');
  await setOwnModel(db.database, ADA, 'small');
  expect((await turnIn('person:T1:U1')).modelName).toBe('small');
  for (const scope of ['person:T1:U2', 'channel:T1:C1'] as const) {
    expect((await turnIn(scope)).modelName).toBe('large');
  }
  for (const not of ['hidden', 'gone']) {
    await setOwnModel(db.database, ADA, not);
    expect((await turnIn('person:T1:U1')).modelName).toBe('large');
  }
});

test('a schedule has the model of its channel, and so has its thread when another run of it goes on', async () => {
  const scope = 'channel:T1:C2';
  const first = await turnIn(scope, undefined, { said: { author: 'schedule:report' } });
  expect(first.modelName).toBe('small');
  await db.database.query("update turn set state = 'answered', ended_at = now() where session = $1", [first.session]);
  const later = await turnIn(scope, undefined, { again: first.session, said: { text: 'and now?' } });
  expect([later.begun.turn, later.modelName]).toEqual([first.begun.turn + 1, 'small']);
});

test("instructions reach the model in the own direct message, marked as the person's, and nowhere else", async () => {
  await setOwnInstructions(db.database, ADA, 'Answer in German.');
  const own = await turnIn('person:T1:U1');
  await own.call();
  const system = own.model.requests[0]?.system ?? '';
  expect(system).toMatch(
    /# Instructions of the person who writes to you here\n[^#]*by no administrator[^#]*Answer in German\./,
  );
  expect(system).not.toContain('Be polite.');
  for (const scope of ['person:T1:U2', 'channel:T1:C1'] as const) {
    const other = await turnIn(scope);
    await other.call();
    expect(other.model.requests[0]?.system).not.toContain('German');
  }
  // Nothing keeps them but the row of the person.
  const { rows } = await db.database.query<{ kept: string }>(
    `select (select json_agg(s) from session s)::text || (select json_agg(a) from access_snapshot a)::text || (select json_agg(t) from transcript t)::text as kept`,
  );
  expect(rows[0]?.kept).not.toContain('German');
});

test('what is removed counts from the next call on', async () => {
  await setOwnInstructions(db.database, ADA, 'Answer in German.');
  const model = scriptedModel([answering([text('a')], 'pause'), answering([text('b')])]);
  const own = await turnIn('person:T1:U1', model);
  await own.call(1);
  await removePersonalSettings(db.database, ADA);
  await own.call(2);
  expect(model.requests.map(({ system }) => system.includes('German'))).toEqual([true, false]);
});

test('limits are lowered in the own direct message, and never raised', async () => {
  const usual = DEFAULT_SESSION_SETTINGS.limits;
  await setOwnLimit(db.database, ADA, 'steps', 1);
  await setOwnLimit(db.database, ADA, 'minutes', 10_000);
  const own = await turnIn('person:T1:U1', scriptedModel([answering([text('a')], 'pause')]));
  expect(own.begun.limits).toEqual({ ...usual, steps: 1 });
  await own.call(1);
  expect(await own.call(2)).toMatchObject({ limit: 'steps' });
  expect((await turnIn('channel:T1:C1')).begun.limits).toEqual(usual);
  expect((await turnIn('person:T1:U2')).begun.limits).toEqual(usual);
});
