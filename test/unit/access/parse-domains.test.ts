import { fileOf, problemsIn } from '../../support/access-yaml.ts';
import { withConnection, withDomain } from './support/small-files.ts';

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
      line: 4,
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

test('an entry that a blind tunnel cannot enforce is refused', () => {
  const entry =
    '{ host: a.test, transport: tunnel, scheme: http, methods: [GET], paths: [/v1], own-credentials: strip }';
  expect(problemsIn(withDomain(entry)).map((problem) => problem.split(': ')[1])).toEqual(
    ['methods', 'own-credentials', 'paths', 'scheme'].map((field) => `bundles.web.domains[0].${field}`),
  );
});
