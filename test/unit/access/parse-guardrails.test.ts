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

  test.each([
    ['{}', 'host: is missing: a guardrail is for a host or a repository'],
    ['{ host: a.test, repository: "*" }', 'host: stands beside repository: keep one of them'],
    ['{ repository: acme/shop }', 'operations: is missing'],
    ['{ repository: acme/shop, operations: [merge], methods: [GET] }', 'methods: belongs to a host'],
    ['{ repository: acme/shop, operations: [force] }', 'operations[0]: must be read or push'],
    ['{ host: a.test, operations: [merge] }', 'operations: belong to a repository'],
    ['{ mcp: "*", tools: ["delete_*"] }', 'mcp: is not built yet'],
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
