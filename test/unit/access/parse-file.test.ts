import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileOf, problemsIn } from '../../support/access-yaml.ts';
import { withConnection } from './support/small-files.ts';

test("the demo's file says what the tour tells", () => {
  const file = fileOf(readFileSync(path.join(import.meta.dirname, '../../../demo/bellhop.yaml'), 'utf8'));
  expect(file.organization.bundles).toEqual(['public-web']);
  expect(file.channels).toMatchObject([
    { channel: { text: '#platform-eng' }, bundles: ['acme-data', 'acme-code', 'acme-mcp'] },
    { channel: { text: '#my-code' }, identity: 'requester' },
  ]);
  expect(file.bundles.find(({ id }) => id === 'acme-code')?.repositories).toMatchObject([
    {
      repository: 'acme/shop',
      access: 'propose',
      connection: 'acme-git',
      forge: { kind: 'gitea', gitHost: 'git.acme.test' },
    },
  ]);
  expect(file.bundles.find(({ id }) => id === 'public-web')?.domains.map(({ host }) => host)).toEqual([
    'api.acme.test',
    'docs.acme.test',
  ]);
  expect(file.connections).toMatchObject([
    {
      id: 'acme-readonly',
      rules: [{ action: 'inject', host: 'api.acme.test', port: 443, methods: ['GET'] }],
      credential: { kind: 'bearer' },
    },
    {
      id: 'acme-git',
      preset: 'gitea',
      rules: [{ action: 'deny' }, { action: 'inject', host: 'git.acme.test', port: 443 }],
      credential: { kind: 'basic' },
    },
    {
      id: 'acme-tools',
      mcp: { url: 'https://tools.acme.test/mcp', tools: { allow: [{ pattern: 'whoami' }] } },
      credential: { kind: 'bearer' },
    },
  ]);
});

test('everything that is wrong is told at once, each at its line', () => {
  const text = `organization:
  bundles: [web, wbe]
  instruction: be nice
channels:
  "#ops": { enabled: maybe }
  "#OPS chat": {}
bundles:
  web:
    domains:
      - a.test
      - { host: b.test, port: 70000, methods: [get], paths: [/a/../b, "/c*"] }
      - { host: c.test, own-credentials: keep, adresses: [10.0.0.0/24:443] }
    connections: [apl]
connections:
  api:
    host: d.test
    scheme: http
    methods: []
    credential: { kind: header, name: Content-Length, fromEnv: X, fromFile: y }
  My_API: {}
guardrials: {}
`;
  expect(problemsIn(text)).toEqual([
    'bellhop.yaml:2: organization.bundles[1]: there is no bundle wbe (did you mean web?)',
    'bellhop.yaml:3: organization.instruction: unknown key (did you mean instructions?); known here: enabled, bundles, instructions, environment, model, guests, shared-channels, models, listen, direct-messages, group-messages',
    'bellhop.yaml:5: channels.#ops.enabled: must be true or false',
    'bellhop.yaml:6: channels.#OPS chat: is neither a channel\'s name ("#platform-eng"), nor its id (C0123ABCD), nor a pattern of names with one * ("#incident-*")',
    'bellhop.yaml:11: bundles.web.domains[1].methods[0]: is no method: methods are written in capitals, such as GET',
    'bellhop.yaml:11: bundles.web.domains[1].paths[0]: is judged as /b: write it so',
    'bellhop.yaml:11: bundles.web.domains[1].paths[1]: is a prefix and has no wildcards: /v1 covers everything below it',
    'bellhop.yaml:11: bundles.web.domains[1].port: is no port: 1 to 65535',
    'bellhop.yaml:12: bundles.web.domains[2].adresses: unknown key (did you mean addresses?); known here: host, port, methods, paths, scheme, addresses, transport, own-credentials, priority',
    'bellhop.yaml:12: bundles.web.domains[2].own-credentials: must be strip or pass or block',
    'bellhop.yaml:13: bundles.web.connections[0]: there is no connection apl (did you mean api?)',
    'bellhop.yaml:17: connections.api.scheme: a credential never travels in clear text: connections are https',
    'bellhop.yaml:18: connections.api.methods: is empty: leave it out to cover every method',
    'bellhop.yaml:19: connections.api.credential: has two sources: keep one of fromEnv, fromFile and fromCommand',
    'bellhop.yaml:19: connections.api.credential.name: is a header of the transport itself',
    'bellhop.yaml:20: connections.My_API: a name is made of lower-case letters, digits and hyphens, at most 64',
    'bellhop.yaml:21: guardrials: unknown key (did you mean guardrails?); known here: organization, workspace, workspaces, channels, bundles, connections, guardrails, schedules, environments, models, people, tests',
  ]);
});

test.each([
  ['', 'bellhop.yaml:1: the file is empty; the least it can say is "organization: {}"'],
  ['- a', 'bellhop.yaml:1: must be a mapping (key: value)'],
  [
    'channels:\n  #ops: {}\n',
    'bellhop.yaml:1: channels: must be a mapping (name: entry): a name that begins with # needs quotes',
  ],
  [
    'organization: {}\norganization: {}',
    'bellhop.yaml:2: organization stands in line 1 already: write both in one entry',
  ],
  [
    'channels:\n  #ops:\n    bundles: []',
    'bellhop.yaml:3: channels.bundles: is a setting where a channel\'s name is expected: a name that begins with # needs quotes ("#ops":)',
  ],
  ['organization: {\n', 'bellhop.yaml:2: Flow map in block collection must be sufficiently indented and end with a }'],
  ['organization: !!js/function "x"', 'bellhop.yaml:1: Unresolved tag: tag:yaml.org,2002:js/function'],
  ['bundles: { web: { domains: web.test } }', 'bellhop.yaml:1: bundles.web.domains: must be a list'],
  [
    'connections:\n  api:\n    host: a.test',
    'bellhop.yaml:2: connections.api.credential: must have a kind: bearer, basic, header, headers, query, body, aws-sigv4, gcp, oauth-client, oauth-jwt, oauth, github-app or mtls',
  ],
])('a file of %j is told what it lacks', (text, problem) => {
  expect(problemsIn(text)).toEqual([problem]);
});

test('aliases that unfold without end are refused', () => {
  const levels = Array.from(
    { length: 12 },
    (_, n) => `a${n}: &a${n} [${n === 0 ? 'x' : `*a${n - 1}, *a${n - 1}, *a${n - 1}`}]`,
  );
  expect(problemsIn(levels.join('\n'))).toEqual([expect.stringContaining('aliases')]);
});

test('a secret in the file is refused without being repeated', () => {
  const problems = problemsIn(
    withConnection('host: a.test\ncredential: { kind: bearer, token: canary-1, fromEnv: canary-2 }'),
  ).join('\n');
  expect(problems).toContain('secrets are never written here');
  expect(problems).not.toContain('canary');
  expect(problemsIn(withConnection('host: a.test\ncredential: canary-3')).join()).not.toContain('canary');
});

test('an entry that is attached nowhere is a warning', () => {
  const text = `bundles:
  web: { domains: [a.test] }
connections:
  api: { host: a.test, credential: { kind: bearer, fromEnv: X } }
`;
  expect(problemsIn(text)).toEqual([
    'bellhop.yaml:2: bundles.web: is attached to no scope',
    'bellhop.yaml:4: connections.api: is in no bundle',
  ]);
});

describe('scopes', () => {
  test('several workspaces are written under their ids, one workspace also alone', () => {
    const several = fileOf('workspaces:\n  T1: { enabled: false }\n  T2: {}\n');
    expect(several.workspaces).toMatchObject([
      { team: 'T1', enabled: false, field: 'workspaces.T1', line: 2 },
      { team: 'T2', enabled: null },
    ]);
    expect(fileOf('workspace: { id: T1 }').workspaces).toMatchObject([{ team: 'T1', field: 'workspace' }]);
    expect(problemsIn('workspace: { id: T1 }\nworkspaces: { T2: {} }')).toEqual([
      'bellhop.yaml:1: workspace: stands beside workspaces: write it there, under its id',
    ]);
    expect(problemsIn('workspaces:\n  acme: { bundles: [x] }')).toEqual([
      "bellhop.yaml:2: workspaces.acme: is no workspace's id, such as T0123ABCD",
      'bellhop.yaml:2: workspaces.acme.bundles[0]: there is no bundle x',
    ]);
  });

  test('direct messages and group messages are for the organization and workspaces', () => {
    const file = fileOf('organization: { direct-messages: off }\nworkspaces: { T1: { group-messages: workspace } }\n');
    expect(file.organization).toMatchObject({ directMessages: 'off' });
    expect(file.organization).not.toHaveProperty('groupMessages');
    expect(file.workspaces[0]).toMatchObject({ groupMessages: 'workspace' });
    const wrong =
      'organization:\n  direct-messages: yes\nworkspace:\n  group-messages: on\nchannels:\n  "#ops":\n    direct-messages: off\n';
    expect(problemsIn(wrong)).toEqual([
      'bellhop.yaml:2: organization.direct-messages: must be on or off',
      'bellhop.yaml:4: workspace.group-messages: must be off or workspace',
      'bellhop.yaml:7: channels.#ops.direct-messages: belongs under organization or a workspace',
    ]);
  });

  test('whose untagged words count is said for organization, workspaces and channels', () => {
    const file = fileOf('organization: { listen: requester }\nchannels: { "#ops": { listen: mentions } }\n');
    expect(file.organization).toMatchObject({ listen: 'requester' });
    expect(file.channels[0]).toMatchObject({ listen: 'mentions' });
    expect(problemsIn('workspace:\n  listen: nobody\n')).toEqual([
      'bellhop.yaml:2: workspace.listen: must be everyone or requester or mentions',
    ]);
  });
});

describe('tests of the file', () => {
  test('are kept with their lines', () => {
    const { tests } = fileOf(`tests:
  - { from: "#support", request: POST https://crm.a.test/v1/notes, expect: blocked }
  - { from: organization, push: acme/shop main, expect: injected by github }
`);
    expect(tests).toEqual([
      {
        from: { text: '#support', line: 2, field: 'tests[0].from' },
        asks: { kind: 'request', method: 'POST', url: 'https://crm.a.test/v1/notes' },
        expect: { outcome: 'blocked', by: null },
        line: 2,
      },
      {
        from: { text: 'organization', line: 3, field: 'tests[1].from' },
        asks: { kind: 'push', repository: 'acme/shop', branch: 'main' },
        expect: { outcome: 'injected', by: 'github' },
        line: 3,
      },
    ]);
  });

  test.each([
    ['{ from: "#a", expect: blocked }', 'tests[0]: needs one of request, push and tool'],
    ['{ from: "#a", request: GET https://a.test/, expect: maybe }', 'tests[0].expect: must be blocked, allowed'],
    ['{ from: "#A b", request: GET https://a.test/, expect: blocked }', 'tests[0].from: must be a channel'],
    ['{ from: "#a", request: https://a.test/, expect: blocked }', 'tests[0].request: must be a method and a URL'],
    ['{ from: "#a", request: GET https://127.0.0.1/, expect: blocked }', 'tests[0].request: https://127.0.0.1/ has'],
    ['{ from: "#a", push: shop, expect: blocked }', 'tests[0].push: must be a repository and a branch'],
    ['{ from: "#a", tool: xy, expect: blocked }', 'tests[0].tool: must be a server and a tool'],
    ['{ from: "#a", tool: x.y, push: a/b main, expect: blocked }', 'tests[0]: needs one of request, push and tool'],
  ])('%s is refused', (entry, problem) => {
    expect(problemsIn(`tests:\n  - ${entry}`).join('\n')).toContain(`bellhop.yaml:2: ${problem}`);
  });
});
