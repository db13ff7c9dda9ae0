import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;

beforeAll(async () => {
  fixture = await createFixture();
  sandbox = await fixture.sandbox();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

test('shared memory, queues and semaphores of a turn are gone in the next one', async () => {
  const make =
    'import ctypes; c = ctypes.CDLL(None); m = 0o1000; print(c.shmget(7, 1 << 20, m), c.msgget(7, m), c.semget(7, 1, m))';
  const find = 'import ctypes; c = ctypes.CDLL(None); print(c.shmget(7, 0, 0), c.msgget(7, 0), c.semget(7, 0, 0))';
  expect((await sandbox.run(`python3 -c '${make}'`, { turn: 1 })).output).toMatch(/^\d+ \d+ \d+\n$/);
  expect((await sandbox.run(`python3 -c '${find}'`, { turn: 1 })).output).not.toBe('-1 -1 -1\n');
  await fixture.runtime.endTurn(sandbox.id, sandbox.uid, 1);
  expect((await sandbox.run(`python3 -c '${find}'`, { turn: 2 })).output).toBe('-1 -1 -1\n');
});

test('so are files of shared memory and message queues', async () => {
  const make =
    'mkdir -p /dev/shm/closed/in && touch /dev/shm/left /dev/shm/closed/in/left && chmod 0 /dev/shm/closed; touch /dev/mqueue/q';
  expect((await sandbox.run(`${make}; ls /dev/shm /dev/mqueue`, { turn: 3 })).output).toMatch(/closed\nleft/);
  await fixture.runtime.endTurn(sandbox.id, sandbox.uid, 3);
  expect((await sandbox.run('ls -A /dev/shm /dev/mqueue', { turn: 4 })).output).toBe('/dev/mqueue:\n\n/dev/shm:\n');
});
