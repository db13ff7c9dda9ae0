import type { RequestListener } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { closed, untilClosed } from './support/sandbox.ts';
import { type StandardWorld, startStandardWorld } from './support/standard-world.ts';
import { domain, S1, SCOPE_1 } from './support/world.ts';

let standard: StandardWorld;

const onRequest: RequestListener = (request, response) => {
  request.resume();
  if (request.url === '/endless') response.write('begun\n');
  else response.end('ok');
};

beforeEach(async () => {
  standard = await startStandardWorld({ onRequest });
});
afterEach(() => standard[Symbol.asyncDispose]());

const sandbox = () => standard.world.sandbox(S1);

test('a credential that is sealed again cuts no answer of its connection, but a changed rule does', async () => {
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
  const over = closed(socket);
  await world.apply({
    connections: [{ ...gh, rules: gh.rules.map((rule) => ({ ...rule, paths: ['/v1'] })) }],
    attached,
  });
  await over;
  const [event] = await world.events(S1, 1);
  expect(event).toMatchObject({ code: 'policy_changed', outcome: 'injected', path: '/endless' });
});

test('an answer ends when its connection goes out under another placement', async () => {
  const { world, policy } = standard;
  const socket = await sandbox().tunnel('api.a.test:443');
  socket.write('GET /endless HTTP/1.1\r\nHost: api.a.test\r\n\r\n');
  expect(await untilClosed(socket, 300)).toContain('begun');
  const connections = (policy.connections ?? []).map((each) => ({ ...each, credential: { kind: 'basic' } as const }));
  const over = closed(socket);
  await world.apply({ ...policy, connections });
  await over;
});

test("an answer ends when its connection becomes a forge's, which opens nothing without a grant", async () => {
  const { world, policy } = standard;
  const socket = await sandbox().tunnel('api.a.test:443');
  socket.write('GET /endless HTTP/1.1\r\nHost: api.a.test\r\n\r\n');
  expect(await untilClosed(socket, 300)).toContain('begun');
  const connections = (policy.connections ?? []).map((each) => ({ ...each, forge: 'gitea' as const }));
  const over = closed(socket);
  await world.apply({ ...policy, connections });
  await over;
});
