import { setTimeout as delay } from 'node:timers/promises';
import { contention } from '../../support/contention.ts';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;

beforeAll(async () => {
  fixture = await createFixture();
  sandbox = await fixture.sandbox();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

async function killTime(): Promise<number> {
  const started = performance.now();
  await fixture.runtime.killAgent(sandbox.id, sandbox.uid);
  return performance.now() - started;
}

test('killing ends a command and its children in sessions of their own within two seconds', async () => {
  const running = sandbox.run('echo on; setsid sleep 600 & (trap "" TERM INT HUP; setsid sleep 601) & sleep 602');
  await delay(700);
  expect(await killTime()).toBeLessThan(2_000 * contention());
  expect(await running).toMatchObject({ outcome: 'killed', exitCode: null, output: 'on\n', timedOut: false });
  expect((await sandbox.run('pgrep -c "^sleep"')).output).toBe('0\n');
});

test('killing an idle agent is fine, twice too', async () => {
  await fixture.runtime.killAgent(sandbox.id, sandbox.uid);
  await fixture.runtime.killAgent(sandbox.id, sandbox.uid);
});

test('during a fork bomb files can be read, the bomb can be killed, and then all is as before', async () => {
  await fixture.runtime.writeFile(sandbox.id, sandbox.uid, 'note.txt', Buffer.from('still here'));
  const bomb = sandbox.run('bomb() { bomb | bomb & }; bomb; sleep 300', { timeoutMs: 60_000 });
  await delay(3_000);
  const { bytes } = await fixture.runtime.readFile(sandbox.id, sandbox.uid, 'note.txt', { maxBytes: 100 });
  expect(bytes.toString()).toBe('still here');
  const during = await sandbox.run('echo a command gets an answer').catch((error: unknown) => error);
  expect(during).toBeDefined();
  const took = await killTime();
  console.log(`kill during a fork bomb: ${Math.round(took)} ms`);
  expect(took).toBeLessThan(2_000 * contention());
  expect(await bomb).toMatchObject({ outcome: expect.stringMatching(/killed|finished/) });
  expect(await sandbox.run('pgrep -c bash; echo usable')).toMatchObject({ exitCode: 0, output: '1\nusable\n' });
}, 60_000);

test('the relay and the sandbox survive what the agent kills', async () => {
  const relay = 'pgrep -x relay';
  const before = (await sandbox.run(relay)).output;
  expect(before).toMatch(/^\d+\n$/);
  await sandbox.run('pkill -9 relay; kill -9 1; kill -TERM 1; kill -9 -1');
  expect((await sandbox.run(relay)).output).toBe(before);
  expect(await fixture.runtime.state(sandbox.id)).toBe('running');
});

test('a command cannot stop what is around it, and its time limit holds', async () => {
  const started = performance.now();
  const result = await sandbox.run('kill -STOP -1; sleep 300', { timeoutMs: 1_000 });
  expect(result).toMatchObject({ timedOut: true });
  expect(performance.now() - started).toBeLessThan(20_000 * contention());
  expect((await sandbox.run('echo fine')).output).toBe('fine\n');
});
