import { refusal, type StandardWorld, startStandardWorld } from './support/standard-world.ts';
import { domain, S1, SCOPE_1 } from './support/world.ts';

let standard: StandardWorld;
beforeAll(async () => {
  standard = await startStandardWorld({ onRequest: (request, response) => request.resume() && response.end('ok') });
});
afterAll(() => standard[Symbol.asyncDispose]());

const sandbox = () => standard.world.sandbox(S1);
const eventFor = async (host: string) => (await standard.world.events(S1, 1, (event) => event.host === host))[0];

test('a name and password before the host of CONNECT are not recorded', async () => {
  const text = await sandbox().raw('CONNECT user:hunter2@secret.test:443 HTTP/1.1\r\nHost: secret.test:443\r\n\r\n');
  expect(refusal(text)).toEqual({ status: 400, code: 'bad_authority' });
  expect(text).not.toContain('hunter2');
  const event = await eventFor('secret.test:443');
  expect(event).toMatchObject({ code: 'bad_authority' });
  expect(JSON.stringify(event)).not.toContain('hunter2');
});

test('a query without names is recorded without what it says', async () => {
  await sandbox().request('https://pypi.test/x?ghp_16C7e42F292c6912E7710c838347Ae178B4a');
  expect(await eventFor('pypi.test')).toMatchObject({ path: '/x?...' });
});

test('where nothing left, no byte is counted', async () => {
  const { world, policy } = standard;
  await world.apply({ ...policy, attached: { [SCOPE_1]: { domains: [domain('dead.test')] } } });
  const answer = await sandbox().request('https://dead.test/x', { method: 'POST', body: 'some bytes' });
  expect(answer).toMatchObject({ status: 502, error: { code: 'dns' } });
  expect(await eventFor('dead.test')).toMatchObject({ outcome: 'blocked', code: 'dns', bytesOut: 0 });
});
