import { applyPreset, PRESETS } from '../../../access/presets/apply-preset.ts';

function applied(entry: Record<string, unknown>): Record<string, unknown> {
  const result = applyPreset(entry);
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  return result.entry;
}

test('a preset fills hosts, rules, test request and credential', () => {
  const entry = applied({
    preset: 'bigquery',
    project: 'acme-analytics',
    credential: { kind: 'gcp', fromFile: 'warehouse.json' },
  });
  expect(entry).toEqual({
    preset: 'bigquery',
    test: 'GET https://bigquery.googleapis.com/bigquery/v2/projects/acme-analytics/datasets?maxResults=1',
    rules: [
      { inject: 'bigquery.googleapis.com', methods: 'read', paths: ['/bigquery/v2/projects/acme-analytics'] },
      {
        inject: 'bigquery.googleapis.com',
        methods: ['POST'],
        paths: ['/bigquery/v2/projects/acme-analytics/queries', '/bigquery/v2/projects/acme-analytics/jobs'],
      },
    ],
    credential: {
      kind: 'gcp',
      scopes: ['https://www.googleapis.com/auth/bigquery.readonly'],
      fromFile: 'warehouse.json',
    },
  });
});

test('what the file says of the credential wins over the preset', () => {
  const scopes = ['https://www.googleapis.com/auth/bigquery'];
  const entry = applied({ preset: 'bigquery', project: 'acme-analytics', credential: { kind: 'gcp', scopes } });
  expect(entry.credential).toEqual({ kind: 'gcp', scopes });
});

test('rules of the file come before those of the preset', () => {
  const own = { inject: 'api.notion.com', methods: ['POST'], paths: ['/v1/data_sources'] };
  const { rules } = applied({ preset: 'notion', rules: [own], credential: { kind: 'bearer' } });
  expect((rules as unknown[])[0]).toEqual(own);
  expect(rules).toHaveLength((PRESETS.notion?.rules.length ?? 0) + 1);
});

test('methods and paths beside the preset narrow it, and never touch what it denies', () => {
  const { rules } = applied({
    preset: 'stripe',
    methods: ['GET', 'POST'],
    paths: ['/v1/customers', '/v2'],
    credential: { kind: 'bearer' },
  });
  const denied = (PRESETS.stripe?.rules ?? []).filter((rule) => 'deny' in rule);
  expect(rules).toEqual([...denied, { inject: 'api.stripe.com', methods: ['GET'], paths: ['/v1/customers'] }]);
});

test('addresses beside the preset count for every rule that allows something', () => {
  const addresses = ['10.1.2.0/24:443'];
  const { rules, ...rest } = applied({ preset: 'gitea', host: 'git.a.test', addresses, credential: { kind: 'basic' } });
  expect(rest).not.toHaveProperty('addresses');
  expect(rules).toEqual([expect.not.objectContaining({ addresses }), { inject: 'git.a.test', addresses }]);
});

test('a narrowing that leaves nothing in common leaves no rule', () => {
  const { rules } = applied({ preset: 'linear', methods: 'read', credential: { kind: 'bearer' } });
  expect(rules).toEqual([]);
});

test.each([
  ['a required field that is missing', { preset: 's3', region: 'eu-central-1' }, 'bucket', /is missing: the bucket/],
  ['a wildcard', { preset: 's3', bucket: '*', region: 'eu-central-1' }, 'bucket', /must be the bucket/],
  ['another host in a field', { preset: 'jira', site: 'acme.evil.test/' }, 'site', /must be the name before/],
  ['an account that is a path', { preset: 'snowflake', account: 'acme/../x' }, 'account', /must be the account/],
  [
    'a kind that the service does not take',
    { preset: 'notion', credential: { kind: 'basic' } },
    'credential.kind',
    /Notion takes bearer/,
  ],
  ['a host where the preset says it', { preset: 'notion', host: 'a.test' }, 'host', /says the host/],
  ['an unknown name', { preset: 'bigqeury' }, 'preset', /there is no preset bigqeury \(did you mean bigquery\?\)/],
  ['a name of JavaScript', { preset: 'constructor' }, 'preset', /there is no preset constructor/],
])('%s is refused with its field', (_, entry, field, message) => {
  const result = applyPreset(entry);
  expect('problems' in result && result.problems).toContainEqual({ field, message: expect.stringMatching(message) });
});

/** The fields of a preset with the examples that its messages show. */
function examples(name: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(PRESETS[name]?.fields ?? {}).map(([field, { example }]) => [field, example]),
  );
}

test.each(Object.keys(PRESETS))(
  '%s: the examples of its fields are right, and nothing stays to be filled in',
  (name) => {
    for (const { kind, ...rest } of PRESETS[name]?.credentials ?? []) {
      const entry = applied({ preset: name, ...examples(name), credential: { kind, ...rest } });
      expect(JSON.stringify(entry.rules)).not.toMatch(/[{][a-z-]+[}]/);
      expect(entry.test).toMatch(/^(GET|POST) https:\/\/[a-z0-9.-]+\/[^{}]*$/);
      expect(entry.rules).not.toEqual([]);
    }
  },
);
