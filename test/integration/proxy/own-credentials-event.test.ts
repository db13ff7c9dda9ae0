import { type StandardWorld, startStandardWorld } from './support/standard-world.ts';
import { S1 } from './support/world.ts';

let standard: StandardWorld;
beforeAll(async () => {
  standard = await startStandardWorld({ onRequest: (request, response) => request.resume() && response.end('ok') });
});
afterAll(() => standard[Symbol.asyncDispose]());

test('an event says whether the sandbox sent a credential of its own, also where it was stripped or blocked', async () => {
  const sandbox = standard.world.sandbox(S1);
  await sandbox.request('https://api.a.test/bare');
  await sandbox.request('https://api.a.test/own', { headers: { authorization: 'Bearer theirs' } });
  await sandbox.request('https://nowhere.test/', { headers: { authorization: 'Bearer theirs' } }).catch(() => null);
  const events = await standard.world.events(S1, 3);
  const byPath = Object.fromEntries(events.map((event) => [`${event.host}${event.path}`, event.ownCredentials]));
  expect(byPath['api.a.test/bare']).toBe(false);
  expect(byPath['api.a.test/own']).toBe(true);
  // Refused at CONNECT, before any header of the request itself was sent.
  expect(events.find((event) => event.host === 'nowhere.test')?.ownCredentials).toBeNull();
  expect(JSON.stringify(events)).not.toContain('theirs');
});
