import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileOf, problemsIn } from '../../support/access-yaml.ts';

/** A file with one domain entry, on line 4. */
function withDomain(entry: string): string {
  return `organization: { bundles: [web] }
bundles:
  web:
    domains: [${entry}]
`;
}

/** A file with one connection of these fields, from line 6 on. */
function withConnection(fields: string): string {
  return `organization: { bundles: [data] }
bundles:
  data: { connections: [api] }
connections:
  api:
    ${fields.trim().replaceAll('\n', '\n    ')}
`;
}

test("the demo's file says what the tour tells", () => {
  const file = fileOf(readFileSync(path.join(import.meta.dirname, '../../../demo/bellhop.yaml'), 'utf8'));
  expect(file.organization.bundles).toEqual(['public-web']);
  expect(file.channels).toMatchObject([{ channel: { text: '#platform-eng' }, bundles: ['acme-data'] }]);
  expect(file.bundles.find(({ id }) => id === 'public-web')?.domains.map(({ host }) => host)).toEqual([
    'api.acme.test',
    'docs.acme.test',
  ]);
  expect(file.connections).toMatchObject([
    { id: 'acme-readonly', host: 'api.acme.test', port: 443, methods: ['GET'], kind: 'bearer' },
  ]);
});

test('a host alone is a domain entry with everything as usual', () => {
  expect(fileOf(withDomain('Docs.A.Test')).bundles[0]?.domains).toEqual([
    {
      id: 'docs.a.test',
      host: 'docs.a.test',
      port: 443,
      scheme: 'https',
      methods: [],
      paths: [],
      addresses: [],
      transport: 'intercept',
      ownCredentials: 'strip',
      priority: 0,
    },
  ]);
});

test('domain entries are called by what they cover', () => {
  const entries = [
    '{ host: a.test, methods: read, paths: [/v1/], port: 8443 }',
    '{ host: b.test, scheme: http }',
    '{ host: "*.c.test", transport: tunnel }',
  ];
  expect(fileOf(withDomain(entries.join(', '))).bundles[0]?.domains).toMatchObject([
    { id: 'GET,HEAD,OPTIONS a.test:8443/v1', paths: ['/v1'] },
    { id: 'http://b.test', port: 80 },
    { id: '*.c.test', ownCredentials: 'pass' },
  ]);
});

test('addresses of every form are read', () => {
  const { bundles } = fileOf(
    withDomain('{ host: a.test, addresses: ["127.0.0.1:7443", "10.1.2.0/24:443", "[fd00::]/64:1"] }'),
  );
  expect(bundles[0]?.domains[0]?.addresses).toEqual([
    { range: '127.0.0.1/32', port: 7443 },
    { range: '10.1.2.0/24', port: 443 },
    { range: 'fd00::/64', port: 1 },
  ]);
});

describe('a host that cannot be', () => {
  test.each([
    ['"*"', 'covers every host there is'],
    ['"*.com"', 'covers every name below com'],
    ['"*.co.uk"', 'covers every name below co.uk'],
    ['"*.github.io"', 'covers every name below github.io'],
    ['"*.test"', 'covers every name below test'],
    ['a.*.test', 'has a wildcard that is not its first label'],
    ['"*a.test"', 'has a wildcard that is not its first label'],
    ['"*.*.test"', 'has a wildcard that is not its first label'],
    ['127.0.0.1', 'is an IP address'],
    ['"2130706433"', 'is an IP address'],
    ['"[::1]"', 'is an IP address'],
    ['localhost', 'is this machine itself'],
    ['api.localhost', 'is this machine itself'],
    ['host.docker.internal', 'is the machine the sandboxes run on'],
    ['metadata.google.internal', 'is a metadata service'],
    ['"*.google.internal"', 'is a metadata service'],
    ['metadata', 'is a metadata service'],
    ['instance-data', 'is a metadata service'],
    ['metadata.azure.internal', 'is a metadata service'],
    ['https://a.test', 'has a scheme'],
    ['a.test/v1', 'has a path'],
    ['a.test:8443', 'has a port'],
    ['user@a.test', 'has a user name'],
    ['" a.test"', 'has a space at an end'],
    ['"a.test\\t"', 'has a space at an end'],
    ['"a b.test"', 'has a space or an invisible character'],
    ['"a.te\\rst"', 'has a space or an invisible character'],
    ['"a.test\\u200b"', 'has a space or an invisible character'],
    ['bücher.test', 'write such names in punycode'],
    ['ａ.test', 'write such names in punycode'],
    ['a..test', 'has an empty label'],
    ['.a.test', 'has an empty label'],
    ['a.test..', 'has an empty label'],
    ['""', 'is empty'],
  ])('%s is refused at its line, saying why', (host, why) => {
    const [first, ...others] = problemsIn(withDomain(host));
    expect(first).toMatch(/^bellhop\.yaml:4: bundles\.web\.domains\[0\]\.host: /);
    expect(first).toContain(why);
    expect(others).toEqual([]);
    const inConnection = problemsIn(withConnection(`host: ${host}\ncredential: { kind: bearer, fromEnv: X }`));
    expect(inConnection.join()).toContain(why);
  });

  test('is possible in a guardrail, where breadth does no harm', () => {
    expect(
      problemsIn('guardrails:\n  no-deletes: { host: "*", methods: [DELETE] }\n  no-com: { host: "*.com" }'),
    ).toEqual([]);
  });
});

test.each(['via', 'X-Forwarded-User', 'Forwarded', 'proxy-authorization', 'x-http-method', 'te', 'host'])(
  'a credential cannot be a header %s, which never leaves the proxy',
  (name) => {
    const problems = problemsIn(
      withConnection(`host: a.test\ncredential: { kind: header, name: ${name}, fromEnv: X }`),
    );
    expect(problems.join()).toContain('credential.name: is a header of the transport itself');
  },
);

test.each(['/projects/a%2Fb', '/a%5Cb', '/a%252e', '/..;'])(
  'a rule cannot allow the path %s, a guardrail can deny it',
  (path) => {
    const inDomain = problemsIn(withDomain(`{ host: a.test, paths: ["/v1", "${path}"] }`));
    expect(inDomain.join()).toContain('domains[0].paths[1]: is read in different ways');
    const inConnection = problemsIn(
      withConnection(`host: a.test\npaths: ["${path}"]\ncredential: { kind: bearer, fromEnv: X }`),
    );
    expect(inConnection.join()).toContain('is read in different ways');
    expect(problemsIn(`guardrails:\n  no-such: { host: a.test, paths: ["${path}"] }`)).toEqual([]);
  },
);

test.each([
  '169.254.169.254/32:80',
  '169.254.169.254:80',
  '0.0.0.0/8:1',
  '0.1.2.0/24:80',
  '224.0.0.1:443',
  '[ff02::1]:443',
  '[fd00:ec2::254]:80',
])('the addresses %s are refused, since nothing may reach them', (address) => {
  const problems = problemsIn(withDomain(`{ host: a.test, addresses: ["10.0.0.0/8:443", "${address}"] }`));
  expect(problems.join()).toContain('addresses[1]: is a metadata service, or no address of a host');
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
    'bellhop.yaml:3: organization.instruction: unknown key (did you mean instructions?); known here: enabled, bundles, instructions',
    'bellhop.yaml:5: channels.#ops.enabled: must be true or false',
    'bellhop.yaml:6: channels.#OPS chat: is neither a channel\'s name ("#platform-eng") nor its id (C0123ABCD)',
    'bellhop.yaml:11: bundles.web.domains[1].methods[0]: is no method: methods are written in capitals, such as GET',
    'bellhop.yaml:11: bundles.web.domains[1].paths[0]: is judged as /b: write it so',
    'bellhop.yaml:11: bundles.web.domains[1].paths[1]: is a prefix and has no wildcards: /v1 covers everything below it',
    'bellhop.yaml:11: bundles.web.domains[1].port: is no port: 1 to 65535',
    'bellhop.yaml:12: bundles.web.domains[2].adresses: unknown key (did you mean addresses?); known here: host, port, methods, paths, scheme, addresses, transport, own-credentials, priority',
    'bellhop.yaml:12: bundles.web.domains[2].own-credentials: must be strip or pass or block',
    'bellhop.yaml:13: bundles.web.connections[0]: there is no connection apl (did you mean api?)',
    'bellhop.yaml:17: connections.api.scheme: a credential never travels in clear text: connections are https',
    'bellhop.yaml:18: connections.api.methods: is empty: leave it out to cover every method',
    'bellhop.yaml:19: connections.api.credential: has two sources: keep one of fromEnv and fromFile',
    'bellhop.yaml:19: connections.api.credential.name: is a header of the transport itself',
    'bellhop.yaml:20: connections.My_API: a name is made of lower-case letters, digits and hyphens, at most 64',
    'bellhop.yaml:21: guardrials: unknown key (did you mean guardrails?); known here: organization, workspace, channels, bundles, connections, guardrails, schedules',
  ]);
});

test.each([
  ['', 'bellhop.yaml:1: the file is empty; the least it can say is "organization: {}"'],
  ['- a', 'bellhop.yaml:1: must be a mapping (key: value)'],
  [
    'channels:\n  #ops: {}\n',
    'bellhop.yaml:1: channels: must be a mapping (name: entry): a name that begins with # needs quotes',
  ],
  ['organization: {}\norganization: {}', 'bellhop.yaml:2: Map keys must be unique'],
  ['organization: {\n', 'bellhop.yaml:2: Flow map in block collection must be sufficiently indented and end with a }'],
  ['organization: !!js/function "x"', 'bellhop.yaml:1: Unresolved tag: tag:yaml.org,2002:js/function'],
  ['bundles: { web: { domains: web.test } }', 'bellhop.yaml:1: bundles.web.domains: must be a list'],
  [
    'connections:\n  api:\n    host: a.test',
    'bellhop.yaml:2: connections.api.credential: must have a kind: bearer, basic or header',
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

test('what a blind tunnel cannot keep is refused', () => {
  const entry =
    '{ host: a.test, transport: tunnel, scheme: http, methods: [GET], paths: [/v1], own-credentials: strip }';
  expect(problemsIn(withDomain(entry)).map((problem) => problem.split(': ')[1])).toEqual(
    ['methods', 'own-credentials', 'paths', 'scheme'].map((field) => `bundles.web.domains[0].${field}`),
  );
});

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

test('what is attached nowhere is a warning', () => {
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
