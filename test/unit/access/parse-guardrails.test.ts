import { fileOf, problemsIn } from '../../support/access-yaml.ts';

describe('guardrails', () => {
  test('are for a host or for a repository, and never for both', () => {
    const file = fileOf(`guardrails:
  no-deletes: { host: "*", methods: [DELETE] }
  no-merges: { repository: "*", operations: [merge, push-default-branch], reason: A person merges. }
`);
    expect(file.guardrails).toMatchObject([{ id: 'no-deletes', host: '*', line: 2 }]);
    expect(file.repositoryGuardrails).toEqual([
      {
        id: 'no-merges',
        repository: '*',
        operations: ['merge', 'push-default-branch'],
        reason: 'A person merges.',
        line: 3,
      },
    ]);
  });

  test('are for tools of one MCP server, or of every one', () => {
    const file = fileOf(`guardrails:
  no-deletes: { mcp: "*", tools: ["delete_*", drop], reason: Nothing is deleted by an agent. }
  no-writes: { mcp: tracker, tools: ["create_*"] }
connections:
  tracker: { kind: mcp, url: https://mcp.a.test/, tools: { allow: ["*"] }, credential: { kind: bearer } }
`);
    expect(file.guardrails).toEqual([]);
    expect(file.toolGuardrails).toEqual([
      {
        id: 'no-deletes',
        server: '*',
        tools: ['delete_*', 'drop'],
        reason: 'Nothing is deleted by an agent.',
        line: 2,
      },
      { id: 'no-writes', server: 'tracker', tools: ['create_*'], reason: '', line: 3 },
    ]);
  });

  test.each([
    ['{}', 'host: is missing: a guardrail is for a host, a repository or an MCP server'],
    ['{ host: a.test, repository: "*" }', 'host: stands beside repository: keep one of them'],
    ['{ repository: acme/shop }', 'operations: is missing'],
    ['{ repository: acme/shop, operations: [merge], methods: [GET] }', 'methods: belongs to a host'],
    ['{ repository: acme/shop, operations: [force] }', 'operations[0]: must be read or push'],
    ['{ host: a.test, operations: [merge] }', 'operations: belong to a repository'],
    ['{ mcp: "*" }', 'tools: is missing: names of tools, such as delete_*'],
    ['{ mcp: "*", tools: [] }', 'tools: is empty'],
    ['{ mcp: "*", tools: ["a b"] }', 'tools[0]: must be the name of a tool'],
    ['{ mcp: "a*", tools: [a] }', 'mcp: must be the name of an MCP server, or * for every one'],
    ['{ mcp: "*", tools: [a], methods: [GET] }', 'methods: stands beside mcp: an MCP server has tools'],
    ['{ mcp: "*", tools: [a], host: a.test }', 'host: stands beside mcp: keep one of them'],
    ['{ host: a.test, tools: [a] }', 'tools: belong to an MCP server: add mcp'],
    ['{ mcp: nobody, tools: [a] }', 'mcp: there is no MCP server nobody'],
  ])('%s is refused', (entry, problem) => {
    expect(problemsIn(`guardrails:\n  g: ${entry}`).join('\n')).toContain(`bellhop.yaml:2: guardrails.g.${problem}`);
  });

  const tunnels = `organization: { bundles: [web] }
bundles:
  web: { domains: [{ host: "*.pin.test", transport: tunnel }, { host: b.test, transport: tunnel }, c.test] }
`;
  test.each([
    ['{ host: "*", methods: [DELETE] }', '*.pin.test, b.test'],
    ['{ host: x.pin.test, paths: [/admin] }', '*.pin.test'],
  ])('%s warns of the tunnels that it turns into interception', (guardrail, hosts) => {
    expect(problemsIn(`${tunnels}guardrails:\n  g: ${guardrail}`)).toEqual([
      `bellhop.yaml:5: guardrails.g: must see requests, so these tunnels are intercepted: ${hosts}`,
    ]);
  });

  test.each(['{ host: b.test }', '{ host: c.test, methods: [PUT] }', '{ host: b.test, port: 8443, methods: [PUT] }'])(
    '%s says nothing of tunnels',
    (guardrail) => {
      expect(problemsIn(`${tunnels}guardrails:\n  g: ${guardrail}`)).toEqual([]);
    },
  );
});
