import { stringify } from 'yaml';
import { PRESETS } from '../../../access/presets/apply-preset.ts';
import { fileOf, problemsIn } from '../../support/access-yaml.ts';
import { BEARER, connectionOf, withConnection } from './support/connection-file.ts';

describe('rules', () => {
  test('of the long form are kept in their order, with their lines', () => {
    const { rules } = connectionOf(
      'rules:',
      '  - { deny: crm.a.test, paths: [/v1/export] }',
      '  - { inject: [crm.a.test, "*.eu.a.test"], methods: read, paths: [/v1] }',
      '  - { forward: static.a.test, methods: read }',
      BEARER,
    );
    expect(rules).toMatchObject([
      { action: 'deny', host: 'crm.a.test', port: null, methods: [], paths: ['/v1/export'], line: 7 },
      { action: 'inject', host: 'crm.a.test', methods: ['GET', 'HEAD', 'OPTIONS'], paths: ['/v1'], line: 8 },
      { action: 'inject', host: '*.eu.a.test', line: 8 },
      { action: 'forward', host: 'static.a.test', line: 9 },
    ]);
  });

  test('of the short form are one, which says the same as the long form', () => {
    const short = connectionOf('host: a.test', 'port: 8443', 'methods: [GET]', 'paths: [/v1]', BEARER);
    const long = connectionOf('rules: [{ inject: a.test, ports: [8443], methods: [GET], paths: [/v1] }]', BEARER);
    expect(short.rules.map((rule) => ({ ...rule, line: 6 }))).toEqual(long.rules);
  });

  test('with several ports are one for each, and a deny without ports holds for every port', () => {
    const { rules } = connectionOf(
      'rules: [{ inject: a.test, ports: [443, 8443] }, { deny: a.test, paths: ["/a%2Fb"] }, { deny: a.test, ports: [80] }]',
      BEARER,
    );
    expect(rules.map(({ action, port }) => `${action} ${port}`)).toEqual([
      'inject 443',
      'inject 8443',
      'deny null',
      'deny 80',
    ]);
  });

  test.each([
    ['rules: []', 'rules: is empty'],
    ['rules: [{ methods: read }]', 'rules[0]: needs one of inject, forward and deny'],
    ['rules: [{ inject: a.test, deny: a.test }]', 'rules[0]: needs one of inject, forward and deny'],
    ['rules: [{ forward: a.test }]', 'rules: attach the credential nowhere'],
    ['rules: [{ inject: "*.com" }]', 'rules[0].inject[0]: "*.com" covers every name below com'],
    ['rules: [{ inject: [a.test, "*.github.io"] }]', 'rules[0].inject[1]: "*.github.io" covers every name below'],
    ['rules: [{ inject: [] }]', 'rules[0].inject: is empty'],
    ['rules: [{ inject: a.test, paths: ["/a%2Fb"] }]', 'rules[0].paths[0]: is read in different ways'],
    [
      'rules: [{ inject: a.test }, { deny: b.test, addresses: ["10.0.0.1:443"] }]',
      'rules[1].addresses: open addresses',
    ],
    ['rules: [{ inject: a.test, port: 443 }]', 'rules[0].port: unknown key (did you mean ports?)'],
  ])('as in %s are refused', (rules, problem) => {
    expect(problemsIn(withConnection(rules, BEARER)).join('\n')).toContain(
      `bellhop.yaml:6: connections.crm.${problem}`,
    );
  });

  test('stand beside no part of the short form, and one of both is needed', () => {
    expect(problemsIn(withConnection('host: b.test', 'rules: [{ inject: a.test }]', BEARER))).toEqual([
      'bellhop.yaml:6: connections.crm.host: stands beside rules: write it in the rules',
    ]);
    expect(problemsIn(withConnection(BEARER))).toEqual([
      'bellhop.yaml:5: connections.crm.host: is missing: a connection needs a host or rules',
    ]);
  });

  test('of one connection may overlap, and a deny overlaps with nothing', () => {
    expect(
      problemsIn(
        withConnection(
          'rules: [{ inject: a.test, methods: read }, { inject: a.test, paths: [/v1] }, { deny: a.test, paths: [/v1/x] }]',
          BEARER,
        ).replace('connections: [crm]', 'connections: [crm], domains: [{ host: a.test, priority: 1 }]'),
      ),
    ).toEqual([]);
  });
});

test('authorities and a test request are kept', () => {
  expect(connectionOf('host: a.test', 'ca: corp-ca.pem', 'test: GET https://a.test/v1/me?x=1', BEARER)).toMatchObject({
    caFile: 'corp-ca.pem',
    test: { method: 'GET', url: 'https://a.test/v1/me?x=1' },
  });
});

test.each([
  ['test: https://a.test/', 'test: must be a method and a URL'],
  ['test: GET http://a.test/', 'test: must be https'],
  ['test: GET https://b.test/', 'test: goes to b.test:443, where this connection attaches nothing'],
  ['ca: ""', 'ca: is empty'],
])('a connection with %s is refused', (line, problem) => {
  expect(problemsIn(withConnection('host: a.test', line, BEARER)).join('\n')).toContain(
    `bellhop.yaml:7: connections.crm.${problem}`,
  );
});

describe('a preset', () => {
  test('denies on every port, whatever ports its own rules have', () => {
    const { rules } = connectionOf('preset: gitea', 'host: git.a.test', 'credential: { kind: basic, fromEnv: X }');
    expect(rules.map(({ action, port }) => `${action} ${port}`)).toEqual(['deny null', 'inject 443']);
  });

  /** What some kinds need beside what presets say. */
  const needed: Readonly<Record<string, object>> = {
    'github-app': { 'app-id': 1, 'installation-id': 2 },
    'oauth-client': { 'client-id': 'x' },
    oauth: { 'token-url': 'https://login.a.test/t', 'client-id': 'x' },
  };
  const kinds = Object.entries(PRESETS).flatMap(([name, { credentials }]) =>
    credentials.map(({ kind }) => [name, kind] as const),
  );

  test.each(kinds)('%s with a credential of kind %s makes a connection without a problem', (preset, kind) => {
    const fields = Object.entries(PRESETS[preset]?.fields ?? {}).map(([field, { example }]) => [field, example]);
    const crm = { preset, ...Object.fromEntries(fields), credential: { kind, ...needed[kind] } };
    const bundles = { data: { connections: ['crm'] } };
    expect(problemsIn(stringify({ organization: { bundles: ['data'] }, bundles, connections: { crm } }))).toEqual([]);
  });

  test('fills in rules, and the rules of the file keep their lines', () => {
    const connection = connectionOf(
      'preset: notion',
      'rules:',
      '  - { inject: api.notion.com, methods: [POST], paths: [/v1/pages] }',
      BEARER,
    );
    expect(connection).toMatchObject({ preset: 'notion', test: { method: 'GET' } });
    expect(connection.rules[0]).toMatchObject({ action: 'inject', paths: ['/v1/pages'], line: 8 });
    expect(connection.rules.length).toBeGreaterThan(1);
  });

  test('that is not known, or lacks a field, is told at its line', () => {
    expect(problemsIn(withConnection('preset: notoin', BEARER)).join()).toContain(
      'bellhop.yaml:6: connections.crm.preset: there is no preset notoin (did you mean notion?)',
    );
    expect(problemsIn(withConnection('preset: bigquery', 'credential: { kind: gcp, fromFile: x }'))).toEqual([
      expect.stringContaining('bellhop.yaml:5: connections.crm.project: is missing'),
    ]);
  });

  test('that a narrowing leaves without rules is refused', () => {
    expect(problemsIn(withConnection('preset: linear', 'methods: read', BEARER)).join()).toContain(
      'connections.crm.rules: is empty',
    );
  });
});

test.each([
  [['host: git.a.test', 'forge: gitea', BEARER], null],
  [['host: git.a.test', 'forge: svn', BEARER], 'forge: must be github or gitlab or gitea'],
  [['preset: notion', 'forge: gitea', BEARER], 'forge: stands beside preset, which says what the service is'],
  [
    [
      'host: git.a.test',
      'forge: gitlab',
      'credential: { kind: github-app, app-id: 1, installation-id: 2, fromFile: x }',
    ],
    'forge: must be github: the credential is a github-app',
  ],
])('what a connection says of its forge: %j', (lines, problem) => {
  const text = withConnection(...lines);
  if (problem === null) expect(fileOf(text).connections[0]).toMatchObject({ forge: 'gitea' });
  else expect(problemsIn(text).join()).toContain(`connections.crm.${problem}`);
});
