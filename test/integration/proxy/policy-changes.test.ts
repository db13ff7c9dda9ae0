import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { untilClosed } from './support/sandbox.ts';
import { type StandardWorld, startStandardWorld, underInvariants } from './support/standard-world.ts';
import { domain, S1, SCOPE_1 } from './support/world.ts';

let standard: StandardWorld;
/** Held back while it is set: PostgreSQL takes its time with a credential. */
let reading: { readonly begun: () => void; readonly goOn: Promise<void> } | null = null;

const onRequest: RequestListener = (request, response) => {
  request.resume();
  if (request.url === '/endless') response.write('begun');
  else response.end('ok');
};

beforeEach(async () => {
  reading = null;
  standard = await startStandardWorld({
    onRequest,
    overrides: {
      wrapStore: (store) => ({
        ...store,
        async credential(connection, version) {
          reading?.begun();
          await reading?.goOn;
          return store.credential(connection, version);
        },
      }),
    },
  });
});
afterEach(() => standard[Symbol.asyncDispose]());

const sandbox = () => standard.world.sandbox(S1);

test('a rule that is taken away while its credential is being read attaches nothing any more', async () => {
  const { world, policy, origin } = standard;
  await underInvariants(standard, async () => {
    const begun = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    reading = { begun: begun.resolve, goOn: held.promise };
    const answer = sandbox().request('https://api.a.test/x');
    await begun.promise;
    await world.apply({ attached: { [SCOPE_1]: { domains: policy.attached?.[SCOPE_1]?.domains ?? [] } } });
    held.resolve();
    expect(await answer).toMatchObject({ status: 403, error: { code: 'policy_changed' } });
  });
  expect(origin.received('api.a.test')).toBe('');
});

test('a credential that is sealed anew cuts no answer of its connection, another rule of the connection does', async () => {
  const { world, policy } = standard;
  const socket = await sandbox().tunnel('api.a.test:443');
  socket.write('GET /endless HTTP/1.1\r\nHost: api.a.test\r\n\r\n');
  expect(await untilClosed(socket, 300)).toContain('begun');
  const [gh] = policy.connections ?? [];
  if (!gh) throw new Error('no connection');
  const attached = { [SCOPE_1]: { connections: ['gh'], domains: [domain('other.test')] } };
  await world.apply({ connections: [gh], attached });
  await pause(200);
  expect(socket.destroyed).toBe(false);
  const closed = once(socket, 'close');
  await world.apply({ connections: [{ ...gh, paths: ['/v1'] }], attached });
  await closed;
  const [event] = await world.events(S1, 1);
  expect(event).toMatchObject({ code: 'policy_changed', outcome: 'injected', path: '/endless' });
});

test('an answer ends when its connection goes out under another placement', async () => {
  const { world, policy } = standard;
  const socket = await sandbox().tunnel('api.a.test:443');
  socket.write('GET /endless HTTP/1.1\r\nHost: api.a.test\r\n\r\n');
  expect(await untilClosed(socket, 300)).toContain('begun');
  const connections = (policy.connections ?? []).map((each) => ({ ...each, kind: 'basic' as const }));
  const closed = once(socket, 'close');
  await world.apply({ ...policy, connections });
  await closed;
});

test('a request whose turn ended while its credential was being read goes nowhere', async () => {
  const { world, origin } = standard;
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  reading = { begun: begun.resolve, goOn: held.promise };
  const answer = sandbox()
    .request('https://api.a.test/x')
    .catch(() => 'cut');
  await begun.promise;
  const next = world.openLease(S1, SCOPE_1, 2);
  expect(await answer).toBe('cut');
  held.resolve();
  await next;
  const [event] = await world.events(S1, 1);
  expect(event).toMatchObject({ code: 'lease_ended', outcome: 'blocked', turn: 1, bytesOut: 0 });
  expect(origin.received('api.a.test')).toBe('');
});
