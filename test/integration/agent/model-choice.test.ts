/** Which model of the access file a step asks, and which when that one is away. */
import { EMPTY_DOCUMENT } from '../../../access/document.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import { ModelError, type ModelFailure } from '../../../agent/errors.ts';
import { finalText } from '../../../agent/final-text.ts';
import type { Model } from '../../../agent/model/model.ts';
import type { NamedModels } from '../../../agent/model/named-models.ts';
import { runModelStep } from '../../../agent/model-step.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { takeSnapshot } from '../../../store/access-snapshots.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { answering, type ScriptedModel, scriptedModel, text } from './support/scripted-model.ts';
import { newSession, sayAndBegin } from './support/session.ts';
import { agentOn, stepOf } from './support/turn.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});

afterAll(() => db[Symbol.asyncDispose]());

const agentWith = (model: ScriptedModel) => agentOn(db.database, model);

async function started(said: string): Promise<{ session: SessionId; turn: number }> {
  const session = await newSession(db.database);
  return { session, turn: await sayAndBegin(db.database, session, said) };
}

/** An access file with these models and no others. */
function namedModels(...models: readonly ScriptedModel[]): NamedModels & { readonly away: Model[] } {
  const away: Model[] = [];
  return {
    away,
    forTurn: async (name) => (name === 'large' ? models : null),
    forScope: async () => null,
    forSummaries: async () => null,
    noteAway: (model) => void away.push(model),
  };
}

async function withModel(session: SessionId, turn: number, model: string): Promise<void> {
  const access = { ...effectiveAccess(EMPTY_DOCUMENT, 'organization'), model };
  await takeSnapshot(db.database, session, turn, access);
}

test('the model of the access file answers, and while it is away the other one', async () => {
  const { session, turn } = await started('hi');
  await withModel(session, turn, 'large');
  const down = () => Promise.reject(new ModelError('ModelUnavailable', 'down', { retryAfterMs: 5_000 }));
  const [first, second, usual] = [scriptedModel([down]), scriptedModel([answering([text('me')])]), scriptedModel([])];
  const models = namedModels(first, second);
  await runModelStep({ ...agentWith(usual), models }, stepOf(session, turn, 1));
  expect([first, second, usual].map(({ requests }) => requests.length)).toEqual([1, 1, 0]);
  expect(models.away).toEqual([first]);
  expect(await finalText(db.database, session, turn)).toBe('me');
});

test('when both are away, the first one says how long to wait; what it refused is not asked elsewhere', async () => {
  const { session, turn } = await started('hi');
  await withModel(session, turn, 'large');
  const fail = (code: ModelFailure, retryAfterMs: number) => () =>
    Promise.reject(new ModelError(code, 'no', { retryAfterMs }));
  const limited = scriptedModel([fail('ModelRateLimited', 7_000)]);
  const both = {
    ...agentWith(limited),
    models: namedModels(limited, scriptedModel([fail('ModelUnavailable', 9_000)])),
  };
  await expect(runModelStep(both, stepOf(session, turn, 1))).rejects.toMatchObject({ retryAfterMs: 7_000 });

  const other = scriptedModel([answering([text('never')])]);
  const refusing = scriptedModel([fail('ModelRefusedRequest', 0)]);
  const deps = { ...agentWith(other), models: namedModels(refusing, other) };
  await expect(runModelStep(deps, stepOf(session, turn, 1))).rejects.toMatchObject({ code: 'ModelRefusedRequest' });
  expect(other.requests).toEqual([]);
});

test('a model that left the access file while the turn runs leaves it to the usual one', async () => {
  const { session, turn } = await started('hi');
  await withModel(session, turn, 'gone');
  const usual = scriptedModel([answering([text('here')])]);
  await runModelStep({ ...agentWith(usual), models: namedModels() }, stepOf(session, turn, 1));
  expect(usual.requests).toHaveLength(1);
});

test('a model that left the access file leaves the turn to the one that is in force at its place', async () => {
  const { session, turn } = await started('hi');
  await withModel(session, turn, 'gone');
  const [usual, house] = [scriptedModel([]), scriptedModel([answering([text('here')])])];
  const models = { ...namedModels(), forScope: async (scope: string) => (scope === 'channel:T1:C1' ? [house] : null) };
  await runModelStep({ ...agentWith(usual), models }, stepOf(session, turn, 1));
  expect([house.requests.length, usual.requests.length]).toEqual([1, 0]);
});
