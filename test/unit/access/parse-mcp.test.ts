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
