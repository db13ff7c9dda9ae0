import { sandboxName } from '../../../docker/sandbox-names.ts';
import { docker } from '../../support/installation/containers.ts';
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

test.each([
  ['20000 folders in each other', 20_000, 1],
  ['folders in each other, closed, with files', 3_000, 5],
])(
  'so is shared memory with %s',
  async (_, depth, wide) => {
    const other = await fixture.sandbox();
    const code = [
      'import os',
      'os.chdir("/dev/shm")',
      `for _ in range(${depth}):`,
      `    [open(f"f{i}", "w").close() for i in range(${wide - 1})]`,
      '    os.mkdir("d"); os.chdir("d")',
      wide > 1 ? 'for _ in range(50): os.chdir(".."); os.chmod("d", 0)' : '',
    ];
    const { incarnation } = await fixture.runtime.provision(other.spec);
    const { output, exitCode } = await other.run(`python3 -c '${code.join('\n')}'`, { turn: 1, timeoutMs: 60_000 });
    expect({ output, exitCode }).toEqual({ output: '', exitCode: 0 });
    await fixture.runtime.endTurn(other.id, other.uid, 1);
    // Removed, so that the sandbox need not have been ended for it.
    expect((await fixture.runtime.provision(other.spec)).incarnation).toBe(incarnation);
    expect((await other.run('ls -A /dev/shm', { turn: 2 })).output).toBe('');
  },
  90_000,
);

test('a sandbox whose shared memory cannot be emptied by the agent is ended with the turn', async () => {
  const other = await fixture.sandbox();
  const container = sandboxName(fixture.installation, other.id);
  await docker('exec', '--user', '77:77', container, '/bin/sh', '-c', 'mkdir -m 700 /dev/shm/x && touch /dev/shm/x/y');
  await fixture.runtime.endTurn(other.id, other.uid, 1);
  expect(await fixture.runtime.state(other.id)).toBe('stopped');
  await fixture.runtime.provision(other.spec);
  expect((await other.run('ls -A /dev/shm', { turn: 2 })).output).toBe('');
});
