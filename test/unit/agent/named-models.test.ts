import { EMPTY_DOCUMENT, type NamedModel, type ScopeAccess } from '../../../access/document.ts';
import { indexAccess } from '../../../access/effective-access.ts';
import { ModelError } from '../../../agent/errors.ts';
import type { ModelRequest } from '../../../agent/model/model.ts';
import { createNamedModels } from '../../../agent/model/named-models.ts';

function named(name: string, more: Partial<NamedModel> = {}): NamedModel {
  return {
    ...{ name, vendor: 'openai-compatible', api: 'chat-completions', baseUrl: 'https://llm.example/v1', model: name },
    ...{ contextTokens: 1000, answerTokens: 100, for: [], keyVersion: 1, line: 1 },
    ...more,
  };
}

function stage(...models: NamedModel[]) {
  const state = { models, now: 1_000_000, opened: [] as string[] };
  const names = createNamedModels({
    policy: async () => indexAccess({ ...EMPTY_DOCUMENT, models: state.models }),
    keyOf: async ({ name, keyVersion }) => {
      state.opened.push(`${name} ${keyVersion}`);
      return 'a-key';
    },
    clock: () => state.now,
  });
  const orderOf = async (name: string) => (await names.forTurn(name))?.map((model) => model.name);
  return { ...names, state, orderOf };
}

const down = (retryAfterMs: number | null = null) => new ModelError('ModelUnavailable', 'down', { retryAfterMs });

test('a key is opened once, and again when it or its model has changed', async () => {
  const { state, forTurn } = stage(named('a'));
  const [first] = (await forTurn('a')) ?? [];
  expect((await forTurn('a'))?.[0]).toBe(first);
  expect(state.opened).toEqual(['a 1']);
  // Where it stands in the file makes no difference.
  state.models = [named('a', { line: 7, fallback: 'b' })];
  expect((await forTurn('a'))?.[0]).toBe(first);
  state.models = [named('a', { keyVersion: 2 })];
  expect((await forTurn('a'))?.[0]).not.toBe(first);
  expect(state.opened).toEqual(['a 1', 'a 2']);
});

test('a model without a key has none opened, and a name that left the file is not known', async () => {
  const { state, orderOf } = stage(named('a', { keyVersion: null }));
  expect(await orderOf('a')).toEqual(['a']);
  expect(await orderOf('b')).toBeUndefined();
  expect(state.opened).toEqual([]);
});

test('a model that is away is asked after the other one, for a while', async () => {
  const { state, forTurn, noteAway, orderOf } = stage(named('a', { fallback: 'b' }), named('b'));
  expect(await orderOf('a')).toEqual(['a', 'b']);
  const [first, second] = (await forTurn('a')) ?? [];
  if (!first || !second) throw new Error('two models');
  noteAway(first, down());
  expect(await orderOf('a')).toEqual(['b', 'a']);
  noteAway(second, down());
  expect(await orderOf('a')).toEqual(['a', 'b']);
  state.now += 30_001;
  expect(await orderOf('a')).toEqual(['a', 'b']);
  noteAway(first, down(120_000));
  state.now += 60_000;
  expect(await orderOf('a')).toEqual(['b', 'a']);
  state.now += 60_001;
  expect(await orderOf('a')).toEqual(['a', 'b']);
});

test('summaries are made by the model that is for them, while it is there', async () => {
  const { forSummaries, noteAway } = stage(named('a'), named('s', { for: ['summaries'] }));
  const model = await forSummaries();
  expect(model?.name).toBe('s');
  if (model) noteAway(model, down());
  expect(await forSummaries()).toBeNull();
  expect(await stage(named('a')).forSummaries()).toBeNull();
});

test('a key that cannot be opened says so, and the next call tries again', async () => {
  const state = { fails: true };
  const { forTurn } = createNamedModels({
    policy: async () => indexAccess({ ...EMPTY_DOCUMENT, models: [named('a')] }),
    keyOf: async () => {
      if (state.fails) throw new ModelError('ModelUnauthorized', 'no key file');
      return 'a-key';
    },
    clock: Date.now,
  });
  await expect(forTurn('a')).rejects.toMatchObject({ code: 'ModelUnauthorized' });
  state.fails = false;
  expect((await forTurn('a'))?.[0]?.name).toBe('a');
});

test('a name that left the file makes room for the model that is in force at the place, and not for another vendor', async () => {
  const at = (scope: ScopeAccess['scope'], model?: string): ScopeAccess => ({
    ...{ scope, label: scope, enabled: null, bundles: [], instructions: '' },
    ...(model !== undefined && { model }),
  });
  const namesOf = (...scopes: ScopeAccess[]) =>
    createNamedModels({
      policy: async () => indexAccess({ ...EMPTY_DOCUMENT, models: [named('house'), named('own')], scopes }),
      keyOf: async () => 'a-key',
      clock: Date.now,
    });
  const modelAt = async (scope: ScopeAccess['scope'], ...scopes: ScopeAccess[]) =>
    (await namesOf(...scopes).forScope(scope))?.map(({ name }) => name);
  const organization = at('organization', 'house');
  expect(await modelAt('channel:T1:C1', organization, at('channel:T1:C1', 'own'))).toEqual(['own']);
  expect(await modelAt('channel:T1:C2', organization, at('channel:T1:C1', 'own'))).toEqual(['house']);
  expect(await modelAt('person:T1:U1', organization)).toEqual(['house']);
  expect(await modelAt('channel:T1:C1', at('organization'))).toBeUndefined();
  // No file that is applied says so. It is never the usual model that answers then.
  await expect(modelAt('channel:T1:C1', at('organization', 'gone'))).rejects.toMatchObject({
    code: 'ModelUnauthorized',
    message: expect.stringMatching(/names the model gone .* does not have it/),
  });
});

const REQUEST: ModelRequest = {
  ...{ system: '', messages: [], tools: [], maxTokens: 10 },
  signal: new AbortController().signal,
};

test('the key of a fallback is opened when it is asked, and one that cannot be opened is one that is away', async () => {
  const state = { models: [named('a', { fallback: 'b' }), named('b'), named('s', { for: ['summaries'] })] };
  const opened: string[] = [];
  const { forTurn, forSummaries, noteAway } = createNamedModels({
    policy: async () => indexAccess({ ...EMPTY_DOCUMENT, models: state.models }),
    keyOf: async ({ name }) => {
      opened.push(name);
      if (name !== 'a') throw new ModelError('ModelUnauthorized', `the key of the model ${name} cannot be used`);
      return 'a-key';
    },
    clock: Date.now,
  });
  const [own, spare] = (await forTurn('a')) ?? [];
  if (!own || !spare) throw new Error('two models');
  expect(opened).toEqual(['a']);
  noteAway(own, down());
  const order = (await forTurn('a'))?.map(({ name }) => name);
  expect(order).toEqual(['b', 'a']);
  await expect(spare.call(REQUEST)).rejects.toMatchObject({
    code: 'ModelUnavailable',
    message: 'the key of the model b cannot be used',
  });
  await expect((await forSummaries())?.call(REQUEST)).rejects.toMatchObject({ code: 'ModelUnavailable' });
});

test('a key that the vendor refuses is reported with the name of its model and what to do, and without the key', async () => {
  const answer = { error: { message: 'Incorrect API key provided: a-key', code: 'invalid_api_key' } };
  const { forTurn } = createNamedModels({
    policy: async () => indexAccess({ ...EMPTY_DOCUMENT, models: [named('a', { model: 'gpt-x' })] }),
    keyOf: async () => 'a-key',
    clock: Date.now,
    fetch: async () => Response.json(answer, { status: 401 }),
  });
  const [model] = (await forTurn('a')) ?? [];
  const error = await model?.call(REQUEST).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'ModelUnauthorized', status: 401 });
  const { message } = error as ModelError;
  expect(message).toMatch(/^the vendor refused the key of the model a .*apply the access file again.*401/);
  expect(message).not.toContain('a-key');
});
