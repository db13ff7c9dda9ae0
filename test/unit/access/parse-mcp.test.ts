import { fileOf, problemsIn } from '../../support/access-yaml.ts';

const HEAD =
  'organization: { bundles: [tracker] }\nbundles:\n  tracker: { connections: [linear-tools] }\nconnections:\n  linear-tools:\n';
const server = (...lines: string[]) => `${HEAD}${lines.map((line) => `    ${line}\n`).join('')}`;
const BEARER = 'credential: { kind: bearer, fromEnv: LINEAR_TOKEN }';
const TOOLS = 'tools: { allow: ["list_*"] }';
const URL_ = 'url: https://mcp.linear.example/mcp';

test('an MCP server is a connection with an address and rules on tools', () => {
  const text = server(
    'kind: mcp',
    URL_,
    'tools:',
    '  allow: ["list_*", get_issue]',
    '  deny:',
    '    - delete_*',
    BEARER,
  );
  expect(fileOf(text).connections).toMatchObject([
    {
      id: 'linear-tools',
      credential: { kind: 'bearer' },
      mcp: {
        url: 'https://mcp.linear.example/mcp',
        tools: {
          allow: [
            { pattern: 'list_*', line: 9 },
            { pattern: 'get_issue', line: 9 },
          ],
          deny: [{ pattern: 'delete_*', line: 11 }],
        },
      },
      rules: [
        {
          ...{ action: 'inject', host: 'mcp.linear.example', port: 443, scheme: 'https', paths: ['/mcp'] },
          methods: ['POST', 'GET', 'DELETE'],
        },
      ],
    },
  ]);
  expect(problemsIn(text)).toEqual([]);
});

test('port, query, addresses and authorities of the server are kept', () => {
  const text = server(
    'kind: mcp',
    'url: https://mcp.corp.example:8443/a?tenant=1',
    TOOLS,
    'addresses: ["10.1.2.0/24:8443"]',
    BEARER,
  );
  expect(fileOf(text).connections[0]?.rules).toMatchObject([
    { host: 'mcp.corp.example', port: 8443, paths: ['/a'], addresses: [{ range: '10.1.2.0/24', port: 8443 }] },
  ]);
});

test.each([
  [['kind: mcp', TOOLS, BEARER], 'url: is missing'],
  [['kind: mcp', URL_, BEARER], 'tools: is missing: say which tools may be called'],
  [['kind: mcp', URL_, 'tools: {}', BEARER], 'tools.allow:'],
  [['kind: mcp', URL_, 'tools: { allow: [] }', BEARER], 'tools.allow: is empty'],
  [['kind: mcp', URL_, 'tools: { allow: [a, a] }', BEARER], 'tools.allow: has a name twice'],
  [['kind: mcp', URL_, 'tools: { allow: ["a b"] }', BEARER], 'tools.allow[0]: must be the name of a tool'],
  [['kind: mcp', URL_, 'tools: { allow: [a], forbid: [b] }', BEARER], 'tools.forbid: unknown key'],
  [['kind: mcp', 'url: http://a.test/', TOOLS, BEARER], 'url: must begin with https://'],
  [['kind: mcp', 'url: https://127.0.0.1/', TOOLS, BEARER], 'url: https://127.0.0.1/ has a host that'],
  [['kind: mcp', 'url: https://u:p@a.test/', TOOLS, BEARER], 'url: https://u:p@a.test/ has a host or port'],
  [['kind: mcp', 'url: "https://a.test/#x"', TOOLS, BEARER], 'url: has a fragment'],
  [['kind: mcp', URL_, TOOLS, 'host: a.test', BEARER], 'host: stands beside kind: mcp'],
  [['kind: mcp', URL_, TOOLS, 'test: GET https://mcp.linear.example/', BEARER], 'test: stands beside kind: mcp'],
  [['kind: mcp', URL_, TOOLS, 'priority: 3', BEARER], 'priority: stands beside kind: mcp'],
  [
    ['kind: mcp', URL_, TOOLS, 'credential: { kind: body, field: x, fromEnv: X }'],
    'credential.kind: is no kind for an MCP server',
  ],
  [['kind: http', URL_, TOOLS, BEARER], 'kind: must be mcp, or left out'],
  [['host: a.test', URL_, BEARER], 'url: belongs to an MCP server: add kind: mcp'],
  [['host: a.test', TOOLS, BEARER], 'tools: belongs to an MCP server: add kind: mcp'],
])('%j is refused', (lines, problem) => {
  expect(problemsIn(server(...lines)).join('\n')).toContain(`connections.linear-tools.${problem}`);
});

test.each([
  ['read', { allow: [], deny: [], read: [{ pattern: '*', line: 8 }] }],
  ['write', { allow: [{ pattern: '*', line: 8 }], deny: [] }],
  ['approve', { allow: [], deny: [], approve: [{ pattern: '*', line: 8 }] }],
])('one word stands for all tools of a server: %s', (word, tools) => {
  const text = server('kind: mcp', URL_, `tools: ${word}`, BEARER);
  expect(problemsIn(text)).toEqual([]);
  expect(fileOf(text).connections[0]?.mcp?.tools).toEqual(tools);
});

test('tools may be read, and asked for', () => {
  const text = server('kind: mcp', URL_, 'tools: { read: ["*"], approve: [create_issue] }', BEARER);
  expect(fileOf(text).connections[0]?.mcp?.tools).toEqual({
    ...{ allow: [], deny: [] },
    ...{ read: [{ pattern: '*', line: 8 }], approve: [{ pattern: 'create_issue', line: 8 }] },
  });
  expect(problemsIn(server('kind: mcp', URL_, 'tools: delete', BEARER))).toEqual([
    'bellhop.yaml:8: connections.linear-tools.tools: must be a mapping (key: value)',
  ]);
});

describe('an MCP server that people connect for themselves', () => {
  const offering = (offer: string) => `people:\n  offer:\n    - ${offer}\n${server('kind: mcp', URL_, TOOLS, BEARER)}`;

  test('is the connection of that name, with the token of each person', () => {
    expect(problemsIn(offering('{ mcp: linear-tools }'))).toEqual([]);
    expect(fileOf(offering('{ mcp: linear-tools }')).people?.offers).toMatchObject([
      {
        name: 'linear-tools',
        grants: [],
        connection: {
          ...{ id: 'personal/linear-tools', credential: { kind: 'bearer' }, credentialVersion: 0, ca: null },
          mcp: { url: 'https://mcp.linear.example/mcp', tools: { allow: [{ pattern: 'list_*', line: 3 }] } },
        },
      },
    ]);
  });

  test('may have its own tools, and stand alone', () => {
    const own =
      '{ mcp: notes, url: https://notes.example/mcp, tools: read, credential: { kind: header, name: X-Key } }';
    expect(fileOf(offering(own)).people?.offers[0]?.connection).toMatchObject({
      ...{ id: 'personal/notes', credential: { kind: 'header', name: 'x-key' } },
      mcp: { url: 'https://notes.example/mcp', tools: { read: [{ pattern: '*' }] } },
    });
    const narrowed = fileOf(offering('{ mcp: linear-tools, tools: { allow: [get_issue] } }')).people?.offers[0];
    expect(narrowed?.connection.mcp?.tools.allow).toMatchObject([{ pattern: 'get_issue' }]);
  });

  test.each([
    ['{ mcp: linear-tool }', 'offer[0].mcp: no connection linear-tool is an MCP server (did you mean linear-tools?)'],
    ['{ mcp: linear-tools, test: x }', 'offer[0].test: unknown key'],
    ['{ mcp: Linear }', 'offer[0].mcp: a name is made of'],
    ['{ mcp: linear-tools, credential: { kind: mtls } }', 'offer[0].credential: must have a kind of a token'],
    ['{ mcp: linear-tools, credential: { kind: bearer, fromEnv: A } }', 'offer[0].credential.fromEnv: stands in an'],
    ['{ mcp: notes, url: "http://a.test/", tools: read }', 'offer[0].url: must begin with https://'],
    ['{ methods: [GET] }', 'offer[0]: names neither a preset nor an MCP server'],
  ])('%s is refused with its place', (offer, problem) => {
    expect(problemsIn(offering(offer))).toEqual([expect.stringContaining(`bellhop.yaml:3: people.${problem}`)]);
  });

  test('can be named by a guardrail', () => {
    const alone = 'people: { offer: [{ mcp: notes, url: "https://notes.example/mcp", tools: write }] }\n';
    const guarded = `${alone}guardrails: { no-deletes: { mcp: notes, tools: ["delete_*"] } }\n`;
    expect(problemsIn(guarded)).toEqual([]);
  });
});

describe('an MCP server that a command starts in the sandbox', () => {
  const bundles = (servers: string, more = '') =>
    `organization: { bundles: [local] }\nbundles:\n  local:\n    servers:\n      ${servers}\n${more}`;

  test('stands in a bundle, with its command and its tools', () => {
    const text = bundles('notes: { command: [npx, -y, "@acme/notes"], tools: read }');
    expect(problemsIn(text)).toEqual([]);
    expect(fileOf(text).bundles[0]?.servers).toEqual([
      {
        ...{ id: 'notes', command: ['npx', '-y', '@acme/notes'], line: 5 },
        tools: { allow: [], deny: [], read: [{ pattern: '*', line: 5 }] },
      },
    ]);
  });

  test.each([
    ['notes: { tools: read }', 'bundles.local.servers.notes.command: is missing'],
    ['notes: { command: [], tools: read }', 'bundles.local.servers.notes.command: is empty'],
    ['notes: { command: [x] }', 'bundles.local.servers.notes.tools: '],
    [
      'notes: { command: [x], tools: read, credential: { kind: bearer } }',
      'bundles.local.servers.notes.credential: unknown key',
    ],
    ['Notes: { command: [x], tools: read }', 'bundles.local.servers.Notes: '],
  ])('%s is refused with its place', (servers, problem) => {
    expect(problemsIn(bundles(servers))).toEqual([expect.stringContaining(`bellhop.yaml:5: ${problem}`)]);
  });

  test('has a name of its own, by which guardrails and tests know it', () => {
    const guarded = 'guardrails: { none: { mcp: notes, tools: ["*"] } }\n';
    expect(problemsIn(bundles('notes: { command: [x], tools: read }', guarded))).toEqual([]);
    const taken = 'people: { offer: [{ mcp: notes, url: "https://notes.example/mcp", tools: read }] }\n';
    expect(problemsIn(bundles('notes: { command: [x], tools: read }', taken))).toEqual([
      'bellhop.yaml:5: bundles.local.servers.notes: another MCP server is called notes: give it another name',
    ]);
  });
});
