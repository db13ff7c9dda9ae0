import { type Origin, startOrigin } from './support/origin.ts';
import { createTestAuthority } from './support/test-authority.ts';
import { connection, domain, S1, SCOPE_1, SECRET, startWorld, type World } from './support/world.ts';

let world: World;
let origin: Origin;

beforeAll(async () => {
  const authority = await createTestAuthority();
  const hosts = ['api.a.test', 'pypi.test'];
  origin = await startOrigin({ authority, hosts });
  world = await startWorld({
    operator: {
      staticNames: new Map(hosts.map((host) => [host, { address: '127.0.0.1', port: origin.port }])),
      ceilings: [{ range: '127.0.0.0/8', ports: [origin.port] }],
      caBundles: [authority.pem],
    },
  });
  const addresses = [{ range: '127.0.0.1/32', port: origin.port }];
  await world.apply({
    connections: [connection('gh', 'api.a.test', { addresses })],
    attached: { [SCOPE_1]: { connections: ['gh'], domains: [domain('pypi.test', { addresses })] } },
  });
  await world.openLease(S1, SCOPE_1);
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

test('a request to a connection is injected, one to a domain entry forwarded, any other blocked', async () => {
  const sandbox = world.sandbox(S1);
  const injected = await sandbox.request('https://api.a.test/user?day=secretday');
  expect(injected).toMatchObject({ status: 200 });
  expect(origin.received('api.a.test')).toContain(`authorization: Bearer ${SECRET}`);

  const forwarded = await sandbox.request('https://pypi.test/simple/');
  expect(forwarded.status).toBe(200);
  expect(origin.received('pypi.test')).not.toContain(SECRET);

  const blocked = await sandbox.request('https://evil.test/');
  expect(blocked).toMatchObject({ status: 403, error: { code: 'not_allowed', host: 'evil.test', retry: false } });

  const events = await world.events(S1, 3);
  expect(events.map(({ outcome, host, path, rule, status }) => ({ outcome, host, path, rule, status }))).toEqual([
    { outcome: 'injected', host: 'api.a.test', path: '/user?day', rule: 'gh', status: 200 },
    { outcome: 'forwarded', host: 'pypi.test', path: '/simple/', rule: 'pypi.test', status: 200 },
    { outcome: 'blocked', host: 'evil.test', path: '', rule: null, status: 403 },
  ]);
  expect(JSON.stringify(events)).not.toContain('secretday');
  expect(world.problems).toEqual([]);
});
