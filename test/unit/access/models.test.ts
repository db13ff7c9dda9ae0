import { compareDocuments } from '../../../access/compare-documents.ts';
import { type AccessDocument, EMPTY_DOCUMENT } from '../../../access/document.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import { describeModels } from '../../../access/models/describe-models.ts';
import { documentOf, resolveFile } from '../../../access/resolve-file.ts';
import { channelScope, groupDmScope, personScope } from '../../../contracts/scope.ts';
import { fileOf, NOW, problemsIn } from '../../support/access-yaml.ts';

const MODELS = `models:
  large: { vendor: anthropic, model: claude-large, key: { fromEnv: ANTHROPIC_API_KEY }, fallback: local }
  small: { vendor: openai-compatible, base-url: https://llm.corp.example/v1/, model: qwen, key: { fromFile: llm.key }, for: [summaries] }
  local: { vendor: openai-compatible, base-url: "http://127.0.0.1:11434/v1", model: llama, context-tokens: 32000 }
`;

function documentWith(yaml: string): AccessDocument {
  const file = fileOf(yaml);
  const known = [
    { team: 'T1', id: 'C1', name: 'ops', seenAt: NOW },
    { team: 'T1', id: 'C2', name: 'general', seenAt: NOW },
  ];
  const resolved = resolveFile(file, known);
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems));
  const models = (file.models ?? []).map(({ source, ...model }) => ({ ...model, keyVersion: source ? 1 : null }));
  return documentOf(file, resolved, { ...EMPTY_DOCUMENT, models });
}

test('the nearest model counts, and that of the organization holds for direct messages too', () => {
  const yaml = `organization: { model: large }
workspace: { id: T1, model: small }
channels: { "#ops": { model: local } }
${MODELS}`;
  const document = documentWith(yaml);
  const modelOf = (scope: Parameters<typeof effectiveAccess>[1]) => effectiveAccess(document, scope).model;
  expect(modelOf(channelScope('T1', 'C1'))).toBe('local');
  expect(modelOf(channelScope('T1', 'C2'))).toBe('small');
  expect(modelOf(groupDmScope('T1', 'G1'))).toBe('small');
  expect(modelOf(channelScope('T2', 'C9'))).toBe('large');
  expect(modelOf(personScope('T1', 'U1'))).toBe('large');
  expect(effectiveAccess(EMPTY_DOCUMENT, 'organization')).not.toHaveProperty('model');
});

test('what a model needs is filled in', () => {
  const [large, small, local] = fileOf(`organization: { model: large }\n${MODELS}`).models ?? [];
  expect(large).toMatchObject({
    ...{ api: 'messages', baseUrl: 'https://api.anthropic.com', contextTokens: 200_000, answerTokens: 16_000 },
    source: { from: 'environment', name: 'ANTHROPIC_API_KEY' },
  });
  expect(small).toMatchObject({ api: 'chat-completions', baseUrl: 'https://llm.corp.example/v1', for: ['summaries'] });
  expect(local).toMatchObject({ source: null, contextTokens: 32_000, answerTokens: 8_000 });
  expect([large, small, local].map((model) => model?.takes)).toEqual([['images', 'pdf'], [], []]);
});

test('a price is of a million tokens, and what a vendor keeps costs as other input where nothing else is said', () => {
  const priceOf = (price: string) =>
    fileOf(
      `organization: { model: x }\nmodels: { x: { vendor: openai-compatible, base-url: "https://l.example/v1", model: m${price} } }\n`,
    ).models?.[0]?.price;
  expect(priceOf('')).toBeUndefined();
  const priced = documentWith(
    'organization: { model: x }\nmodels: { x: { vendor: openai-compatible, base-url: "https://l.example/v1", model: m, price: { currency: EUR, input: 0.5, output: 2 } } }\n',
  );
  expect(describeModels(priced)[0]?.what).toBe(
    'm at l.example (chat-completions, no key, 0.5 and 2 EUR a million tokens)',
  );
  const usual = { currency: 'USD', input: 3, output: 15 };
  expect(priceOf(', price: { currency: USD, input: 3, output: 15 }')).toEqual({
    ...usual,
    cachedInput: 3,
    cacheWrite: 3,
  });
  expect(priceOf(', price: { currency: USD, input: 3, output: 15, cached-input: 0.3, cache-write: 3.75 }')).toEqual({
    ...usual,
    ...{ cachedInput: 0.3, cacheWrite: 3.75 },
  });
});

test.each([
  ['https://api.openai.com/v1', '', ['images', 'pdf']],
  ['https://acme.openai.azure.com/openai/v1', '', ['images']],
  ['https://llm.corp.example/v1', '', []],
  ['https://llm.corp.example/v1', ', takes: [images]', ['images']],
  ['https://api.openai.com/v1', ', takes: []', []],
])('a model at %s%s takes %j', (url, more, takes) => {
  const x = `{ vendor: openai-compatible, base-url: ${url}, model: m${more} }`;
  expect(fileOf(`organization: { model: x }\nmodels: { x: ${x} }\n`).models?.[0]?.takes).toEqual(takes);
});

test.each([
  ['vendor: openai-compatible, base-url: https://l.example/v1, takes: [video]', /takes.*must be images or pdf/],
  ['vendor: openai', /models.x.vendor: must be anthropic or openai-compatible/],
  ['vendor: anthropic, key: sk', /models.x.key: must be a mapping/],
  ['vendor: anthropic', /models.x.key: is missing: . fromEnv: ANTHROPIC_API_KEY/],
  ['vendor: anthropic, key: {}', /needs one of fromEnv, fromFile and fromCommand/],
  ['vendor: anthropic, api: responses, key: { fromEnv: A }', /models.x.api: stands beside anthropic/],
  ['vendor: openai-compatible', /models.x.base-url: is missing/],
  [
    'vendor: openai-compatible, base-url: llm.corp.example',
    /models.x.base-url: must be a URL up to and with the version/,
  ],
  ['vendor: openai-compatible, base-url: "https://a:b@llm.example/v1"', /base-url: has a password in it/],
  ['vendor: openai-compatible, base-url: "http://llm.example/v1", key: { fromEnv: A }', /base-url: must be https/],
  ['vendor: openai-compatible, base-url: "https://llm.example/v1", for: [drawing]', /must be summaries/],
  ['vendor: openai-compatible, base-url: "https://llm.example/v1", fallback: x', /fallback: is the model itself/],
  [
    'vendor: openai-compatible, base-url: "https://llm.example/v1", fallback: y',
    /fallback: there is no model y \(did you mean x/,
  ],
  ['vendor: openai-compatible, base-url: "https://llm.example/v1", temperature: 1', /temperature: unknown key/],
  ...[
    ['{ input: 3, output: 15 }', /models.x.price.currency: /],
    ['{ currency: usd, input: 3, output: 15 }', /price.currency: must be the three capital letters of a currency/],
    ['{ currency: XQQ, input: 3, output: 15 }', /price.currency: is no currency that is known/],
    ['{ currency: USD, input: -3, output: 15 }', /price.input: must not be negative/],
    ['{ currency: USD, input: "3", output: 15 }', /price.input: /],
    ['{ currency: USD, input: 3 }', /price.output: /],
    ['{ currency: USD, input: 3, output: 15, cached: 1 }', /price.cached: unknown key.*cached-input and cache-write/],
    ['3', /models.x.price: must be a mapping/],
  ].map(([price, expected]): [string, RegExp] => [
    `vendor: openai-compatible, base-url: "https://llm.example/v1", price: ${price}`,
    expected as RegExp,
  ]),
])('%s is refused with its place', (entry, expected) => {
  const found = problemsIn(`organization: { model: x }\nmodels:\n  x: { model: m, ${entry} }\n`);
  expect(found.join('\n')).toMatch(expected);
  for (const problem of found) expect(problem).toMatch(/^bellhop.yaml:3: /);
});

test('a key without encryption is taken on this machine only, and a server in the clear without one', () => {
  const at = (url: string, key: string) =>
    problemsIn(
      `organization: { model: x }\nmodels:\n  x: { vendor: openai-compatible, model: m, base-url: "${url}"${key} }\n`,
    );
  expect(at('http://localhost:8000/v1', ', key: { fromEnv: A }')).toEqual([]);
  expect(at('http://vllm.corp.example:8000/v1', '')).toEqual([]);
});

test('names of models are checked wherever they stand', () => {
  const found = problemsIn(`organization: { model: larg }
channels: { "#ops": { model: nothing } }
people: { models: [large, other] }
${MODELS}  second: { vendor: openai-compatible, base-url: https://llm.example/v1, model: m, for: [summaries] }
`);
  expect(found).toEqual([
    'bellhop.yaml:1: organization.model: there is no model larg (did you mean large?)',
    expect.stringMatching(/^bellhop.yaml:2: channels.#ops.model: there is no model nothing/),
    expect.stringMatching(/^bellhop.yaml:3: people.models\[1\]: there is no model other/),
    'bellhop.yaml:8: models.second.for: stands at small already: one model makes the summaries',
  ]);
});

test('a model that is used nowhere is a warning', () => {
  expect(problemsIn(`organization: { model: large }\n${MODELS}`)).toEqual([]);
  expect(problemsIn(MODELS)).toEqual(['bellhop.yaml:2: models.large: is used nowhere: no scope has it as its model']);
});

test('what changes is told by name, and a new version of a key is no change', () => {
  const before = documentWith(`organization: { model: large }\n${MODELS}`);
  const after = documentWith(`organization: { model: local }\n${MODELS.replace('claude-large', 'claude-huge')}`);
  expect(compareDocuments(before, after)).toEqual([
    { change: 'changed', kind: 'scope', name: 'organization' },
    { change: 'changed', kind: 'model', name: 'large' },
  ]);
  const rotated = { ...before, models: before.models?.map((model) => ({ ...model, keyVersion: 9 })) };
  expect(compareDocuments(before, rotated as AccessDocument)).toEqual([]);
});

test('models are described for operators, with where they are used', () => {
  const document = documentWith(`organization: { model: large }\nchannels: { "#ops": { model: local } }
people: { models: [large] }
${MODELS}`);
  expect(describeModels(document)).toEqual([
    { name: 'large', what: 'claude-large at api.anthropic.com (messages)', where: 'organization; chosen by people' },
    { name: 'small', what: 'qwen at llm.corp.example (chat-completions)', where: 'summaries' },
    {
      name: 'local',
      what: 'llama at 127.0.0.1:11434 (chat-completions, no key)',
      where: '#ops; while large is away',
    },
  ]);
});

test('the nearest list says which models may be chosen for a thread, and people have their own in direct messages', () => {
  const document = documentWith(`organization: { model: large, models: [large, local] }
channels: { "#ops": { models: [small] } }
people: { models: [local] }
${MODELS}`);
  const choices = (scope: Parameters<typeof effectiveAccess>[1]) => effectiveAccess(document, scope).models;
  expect(choices(channelScope('T1', 'C1'))).toEqual(['small']);
  expect(choices(channelScope('T1', 'C2'))).toEqual(['large', 'local']);
  expect(choices(personScope('T1', 'U1'))).toEqual(['local']);
  expect(effectiveAccess(documentWith(`organization: { model: large }\n${MODELS}`), 'organization')).not.toHaveProperty(
    'models',
  );
  expect(describeModels(document).find(({ name }) => name === 'small')?.where).toBe('summaries; may be chosen in #ops');
  const before = documentWith(`organization: { model: large }\nchannels: { "#ops": {} }\n${MODELS}`);
  const after = documentWith(`organization: { model: large }\nchannels: { "#ops": { models: [small] } }\n${MODELS}`);
  expect(compareDocuments(before, after)).toContainEqual({ change: 'changed', kind: 'scope', name: '#ops' });
});

test('a choice that is no model is a problem at its place', () => {
  expect(problemsIn(`channels: { "#ops": { models: [larg, small] } }\n${MODELS}`)).toEqual([
    'bellhop.yaml:1: channels.#ops.models[0]: there is no model larg (did you mean large?)',
  ]);
  expect(problemsIn(`organization: { models: [] }\n${MODELS}`)).toEqual([
    'bellhop.yaml:1: organization.models: is empty',
  ]);
});
