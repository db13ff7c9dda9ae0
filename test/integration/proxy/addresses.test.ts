import { until } from '../../support/until.ts';
import { type Origin, startOrigin } from './support/origin.ts';
import { createTestAuthority, type TestAuthority } from './support/test-authority.ts';
import { connection, domain, S1, S2, SCOPE_1, SCOPE_2, SECRET, startWorld, type World } from './support/world.ts';

let world: World;
let origin: Origin;
let authority: TestAuthority;
/** What the resolver says; each call takes the next answer, the last one stays. */
const answers = new Map<string, (readonly string[] | Error)[]>();
const asked: string[] = [];

beforeAll(async () => {
  authority = await createTestAuthority();
  origin = await startOrigin({ authority, hosts: ['api.a.test', 'pypi.test'] });
  world = await startWorld({
    resolve: async (host) => {
      asked.push(host);
      if (host.endsWith('.slow.test')) return new Promise(() => {});
      const list = answers.get(host) ?? [new Error('unknown')];
      const next = list.length > 1 ? list.shift() : list[0];
      if (next instanceof Error || !next) throw Object.assign(next ?? new Error('unknown'), { code: 'ENOTFOUND' });
      return next;
    },
    operator: {
      staticNames: new Map(),
      ceilings: [{ range: '127.0.0.0/8', ports: [origin.port, 1] }],
      caBundles: [authority.pem],
    },
    own: [{ address: '127.0.0.1', port: 1 }],
  });
  await policyFor(origin.port);
  await world.openLease(S1, SCOPE_1);
  await world.openLease(S2, SCOPE_2);
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

beforeEach(() => {
  world.dialled.splice(0);
  asked.splice(0);
});

async function policyFor(port: number, range = '127.0.0.1/32'): Promise<void> {
  const addresses = [{ range, port }];
  await world.apply({
    connections: [connection('gh', 'api.a.test', { addresses, port })],
    attached: {
      [SCOPE_1]: {
        connections: ['gh'],
        domains: [
          domain('pypi.test'),
          domain('pypi.test', { id: 'local', port, addresses }),
          domain('tunnel.test', { port, addresses, transport: 'tunnel' }),
          domain('metadata.google.internal'),
        ],
      },
      [SCOPE_2]: { domains: [domain('*.slow.test')] },
    },
  });
}

const sandbox = () => world.sandbox(S1);

test.each([
  '127.0.0.1',
  '::1',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '169.254.7.7',
  '100.64.0.1',
  '0.0.0.0',
  'fc00::1',
  'fe80::1',
  '224.0.0.1',
  '192.0.0.1',
  '198.18.0.1',
  '240.0.0.1',
  '169.254.169.254',
  '100.100.100.200',
  '168.63.129.16',
  'fd00:ec2::254',
  '::ffff:127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::1',
  '2002:7f00:1::',
  '2001:0:1::1',
  '::8.8.8.8',
  '::808:808',
  '::ffff:0:8.8.8.8',
  'nonsense',
])('an allowed name that leads to %s is refused and no socket is opened', async (address) => {
  answers.set('pypi.test', [[address]]);
  const answer = await sandbox().request('https://pypi.test/');
  expect(answer).toMatchObject({ status: 403, error: { code: 'address_denied', host: 'pypi.test' } });
  expect(world.dialled).toEqual([]);
});

test('one refused address among good ones spoils the name', async () => {
  answers.set('pypi.test', [['93.184.216.34', '10.0.0.1']]);
  expect((await sandbox().request('https://pypi.test/')).error?.code).toBe('address_denied');
  expect(world.dialled).toEqual([]);
});

test('a name is looked up once for a connection, and the address that was checked is dialled', async () => {
  answers.set('pypi.test', [['127.0.0.1'], ['10.0.0.1']]);
  const answer = await sandbox().request(`https://pypi.test:${origin.port}/`);
  expect(answer.status).toBe(200);
  expect(asked).toEqual(['pypi.test']);
  expect(world.dialled).toEqual([`127.0.0.1:${origin.port}`]);
});

test('an exception is for one rule, one range and one port', async () => {
  answers.set('pypi.test', [['127.0.0.2']]);
  expect((await sandbox().request(`https://pypi.test:${origin.port}/y`)).status).toBe(200);
  // The pooled connection of the test before was checked; a new one is checked again.
  await policyFor(origin.port, '127.0.0.9/32');
  expect((await sandbox().request(`https://pypi.test:${origin.port}/y`)).error?.code).toBe('address_denied');
  answers.set('pypi.test', [['127.0.0.1']]);
  await policyFor(1);
  expect((await sandbox().request('https://pypi.test:1/')).error?.code).toBe('address_denied');
  const [event] = await world.events(S1, 1, ({ port }) => port === 1);
  expect(event?.reason).toContain("Bellhop's own");
  expect(world.dialled.every((each) => each === `127.0.0.1:${origin.port}`)).toBe(true);
  await policyFor(origin.port);
});

test('the name of a metadata service is refused although a rule allows it', async () => {
  answers.set('metadata.google.internal', [['93.184.216.34']]);
  expect((await sandbox().request('https://metadata.google.internal/')).error?.code).toBe('address_denied');
  expect(asked).toEqual([]);
});

test.each([
  ['no such name', [new Error('NXDOMAIN')]],
  ['no addresses', [[]]],
  ['two hundred addresses', [Array.from({ length: 200 }, (_, n) => `93.184.216.${n + 1}`)]],
])('%s is told as a failure of the lookup', async (_name, list) => {
  answers.set('pypi.test', list);
  const answer = await sandbox().request('https://pypi.test/');
  expect(answer).toMatchObject({ status: 502, error: { code: 'dns', retry: true } });
  expect(world.dialled).toEqual([]);
});

test('names without an answer fail after five seconds, and hold up no other scope', async () => {
  const slow = Array.from({ length: 40 }, (_, n) => world.sandbox(S2).request(`https://n${n}.slow.test/`));
  await until(() => asked.length >= 4, 'lookups of the slow names');
  answers.set('pypi.test', [['127.0.0.1']]);
  expect((await sandbox().request(`https://pypi.test:${origin.port}/z`)).status).toBe(200);
  for (const answer of await Promise.all(slow)) {
    expect(answer).toMatchObject({ status: 502, error: { code: 'dns', retry: true } });
  }
  expect(asked.filter((host) => host.endsWith('.slow.test'))).toHaveLength(4);
}, 20_000);

test('a tunnel is told about a refused address before it is established', async () => {
  answers.set('tunnel.test', [['10.0.0.1']]);
  const answer = await sandbox().request(`https://tunnel.test:${origin.port}/`);
  expect(answer).toMatchObject({ status: 403, error: { code: 'address_denied' } });
});

test('a host that refuses the connection is told as such', async () => {
  answers.set('pypi.test', [['127.0.0.1']]);
  const closed = await startOrigin({ authority, hosts: [] });
  await closed[Symbol.asyncDispose]();
  await policyFor(closed.port);
  const answer = await sandbox().request(`https://pypi.test:${closed.port}/`);
  // The operator's ceiling does not name this port: nothing is dialled.
  expect(answer.error?.code).toBe('address_denied');
  await policyFor(origin.port);
});

test.each<[string, (good: TestAuthority) => Promise<TestAuthority['issue']>]>([
  [
    'for another name',
    async ({ issue }) =>
      () =>
        issue('other.test'),
  ],
  ['of an unknown authority', async () => (await createTestAuthority()).issue],
  [
    'signed by itself',
    async ({ issue }) =>
      (host) =>
        issue(host, { selfSigned: true }),
  ],
  [
    'that is over',
    async ({ issue }) =>
      (host) =>
        issue(host, { notAfter: new Date(Date.now() - 60_000) }),
  ],
])('an upstream certificate %s is refused and the credential not sent', async (_name, issueOf) => {
  const issue = await issueOf(authority);
  const impostor = await startOrigin({ authority, hosts: ['api.a.test'], issue });
  answers.set('api.a.test', [['127.0.0.1']]);
  const other = await startWorld({
    resolve: async () => ['127.0.0.1'],
    operator: {
      staticNames: new Map(),
      ceilings: [{ range: '127.0.0.0/8', ports: [impostor.port] }],
      caBundles: [authority.pem],
    },
  });
  const addresses = [{ range: '127.0.0.1/32', port: impostor.port }];
  await other.apply({
    connections: [connection('gh', 'api.a.test', { addresses, port: impostor.port })],
    attached: { [SCOPE_1]: { connections: ['gh'] } },
  });
  await other.openLease(S1, SCOPE_1);
  const answer = await other.sandbox(S1).request(`https://api.a.test:${impostor.port}/`);
  expect(answer).toMatchObject({ status: 502, error: { code: 'upstream_tls', connection: null } });
  expect(impostor.received()).not.toContain(SECRET);
  const [event] = await other.events(S1, 1);
  expect(event).toMatchObject({ outcome: 'blocked', code: 'upstream_tls', connection: 'gh', status: 502 });
  await other[Symbol.asyncDispose]();
  await impostor[Symbol.asyncDispose]();
});
