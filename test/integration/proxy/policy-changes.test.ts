import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { untilClosed } from './support/sandbox.ts';
import { type StandardWorld, startStandardWorld } from './support/standard-world.ts';
import { domain, S1, SCOPE_1 } from './support/world.ts';

let standard: StandardWorld;

const onRequest: RequestListener = (request, response) => {
  request.resume();
  if (request.url === '/endless') response.write('begun');
  else response.end('ok');
};

beforeEach(async () => {
  standard = await startStandardWorld({ onRequest });
});
afterEach(() => standard[Symbol.asyncDispose]());

const sandbox = () => standard.world.sandbox(S1);

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
