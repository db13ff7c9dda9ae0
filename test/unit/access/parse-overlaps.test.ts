import { problemsIn } from '../../support/access-yaml.ts';
import { withConnection } from './support/small-files.ts';

describe('two rules of one scope that cover the same request', () => {
  function withTwo(first: string, second: string): string[] {
    const credential = 'credential: { kind: bearer, fromEnv: X }';
    return problemsIn(`channels:
  "#ops":
    bundles: [one, two]
bundles:
  one: { connections: [reader] }
  two: { connections: [admin] }
connections:
  reader: { ${first}, ${credential} }
  admin: { ${second}, ${credential} }
`);
  }

  test.each([
    ['host: a.test', 'host: a.test', 'a.test:443'],
    ['host: a.test, methods: [GET]', 'host: a.test, methods: [GET, PUT]', 'GET a.test:443'],
    ['host: "*.a.test"', 'host: b.a.test', 'b.a.test:443'],
    ['host: "*.a.test"', 'host: "*.b.a.test"', '*.b.a.test:443'],
    ['host: a.test, paths: [/v1]', 'host: a.test, paths: [/v1/x, /v2]', 'a.test:443/v1/x'],
    ['host: a.test, priority: 3', 'host: a.test, priority: 3', 'a.test:443 with priority 3'],
  ])('%s and %s are refused, naming both', (first, second, common) => {
    const problems = withTwo(first, second);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('bellhop.yaml:3: channels.#ops.bundles: connection ');
    expect(problems[0]).toContain('reader (bundle one)');
    expect(problems[0]).toContain('admin (bundle two)');
    expect(problems[0]).toContain(`both cover ${common}`);
  });

  test.each([
    ['host: a.test', 'host: b.test'],
    ['host: a.test', 'host: "*.a.test"'],
    ['host: a.test', 'host: a.test, port: 8443'],
    ['host: a.test, methods: [GET]', 'host: a.test, methods: [PUT]'],
    ['host: a.test, paths: [/v1]', 'host: a.test, paths: [/v10]'],
    ['host: a.test', 'host: a.test, priority: 1'],
  ])('%s and %s are not in each other’s way', (first, second) => {
    expect(withTwo(first, second)).toEqual([]);
  });

  test('are a domain entry and a connection too', () => {
    const text = withConnection('host: a.test\ncredential: { kind: bearer, fromEnv: X }').replace(
      'connections: [api] }',
      'connections: [api], domains: [a.test] }',
    );
    expect(problemsIn(text)).toEqual([
      'bellhop.yaml:1: organization.bundles: connection api (bundle data) and domain entry a.test (bundle data) both cover a.test:443 with priority 0: give one of them a higher priority',
    ]);
  });

  test('are not the same connection in two bundles', () => {
    const text = withConnection('host: a.test\ncredential: { kind: bearer, fromEnv: X }')
      .replace('[data]', '[data, more]')
      .replace('connections: [api] }', 'connections: [api] }\n  more: { connections: [api] }');
    expect(problemsIn(text)).toEqual([]);
  });
});
