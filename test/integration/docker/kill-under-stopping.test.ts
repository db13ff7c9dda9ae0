import { setTimeout as delay } from 'node:timers/promises';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;
let gvisor: boolean;

beforeAll(async () => {
  fixture = await createFixture();
  gvisor = fixture.runtime.probeRuntime().runtime === 'runsc';
  sandbox = await fixture.sandbox();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 90_000);

/** Stops every other process of its user, over and over: also a program of ours that has not begun yet. */
const STOP_ALL = [
  '#include <signal.h>',
  '#include <time.h>',
  '#include <unistd.h>',
  'int main(void) {',
  '  time_t end = time(NULL) + 45;',
  '  while (time(NULL) < end) kill(-1, SIGSTOP);',
  '  kill(-1, SIGCONT);',
  '}',
].join('\n');

test('a process that stops everything else without pause is ended from outside', async () => {
  await fixture.runtime.writeFile(sandbox.id, sandbox.uid, 'stop-all.c', Buffer.from(STOP_ALL));
  expect((await sandbox.run('gcc -O2 -o stop-all stop-all.c')).exitCode).toBe(0);
  const running = sandbox.run('setsid ./stop-all & sleep 1').catch((error: unknown) => error);
  await delay(2_500);
  const killed = fixture.runtime.killAgent(sandbox.id, sandbox.uid).then(
    () => 'ended',
    (error: unknown) => String(error),
  );
  expect(await Promise.race([killed, delay(30_000, 'still waiting after 30 seconds', { ref: false })])).toBe('ended');
  await running;
}, 120_000);

test('a starter cannot be read or changed by the agent whose commands it starts', async () => {
  // The test before may have ended the sandbox.
  await fixture.runtime.provision(sandbox.spec);
  const { output } = await sandbox.run(
    'pid=$(pgrep -o -f "bellhop-step serve"); ls /proc/$pid/fd; : >> /proc/$pid/mem; head -c 4 /usr/local/bin/bellhop-step',
  );
  expect(output).toMatch(/\/proc\/\d+\/mem: Permission denied/);
  if (gvisor) return;
  expect(output).toMatch(/\/proc\/\d+\/fd.*Permission denied/);
  expect(output).toMatch(/bellhop-step.*Permission denied/);
});

test('a command is the first to go when memory is short', async () => {
  expect((await sandbox.run('cat /proc/self/oom_score_adj')).output).toBe('500\n');
});
