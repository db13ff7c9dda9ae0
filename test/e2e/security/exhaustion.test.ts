import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { python, type Worked, work } from './support/work.ts';

let bellhop: Installation;
let last: Worked | undefined;

const SIGNUPS = 'https://api.acme.test/v1/signups';

beforeAll(async () => {
  bellhop = await startInstallation({
    environment: { BELLHOP_SANDBOX_TMP_MB: '64', BELLHOP_SANDBOX_WORKSPACE_MB: '96', BELLHOP_SANDBOX_MEMORY_MB: '768' },
  });
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

/** Another turn of one thread: its commands one after the other. */
async function turn(...commands: readonly string[]): Promise<Worked> {
  const script = commands.map((command) => `$ ${command}`).join('\n');
  last = await work(bellhop, script, { ...(last ? { after: last } : {}), withinMs: 90_000 });
  return last;
}

test('a fork bomb leaves the sandbox usable for the next tool call', async () => {
  const { steps } = await turn(
    'bomb() { bomb | bomb & }; bomb; sleep 3',
    'echo usable',
    // A bomb that is still going leaves no room for new processes; this needs none, and ends it.
    'kill -9 -1',
    `curl -sS ${SIGNUPS}`,
  );
  expect(steps[0]?.output).toContain('Resource temporarily unavailable');
  expect(steps[1]?.output).toBe('usable\n');
  expect(steps[3]?.output).toContain('"caller": "svc-bellhop"');
}, 120_000);

test('a turn begins with room for processes, whatever the one before has left', async () => {
  const { steps } = await turn(python(LEAVE_SLEEPERS), 'echo usable');
  expect(steps[0]?.output).toMatch(/^refused after 2\d\d\n$/);
  expect(steps[1]?.output).toBe('usable\n');
  const { steps: after } = await turn(`curl -sS ${SIGNUPS} | cat`);
  expect(after[0]?.output).toContain('"caller": "svc-bellhop"');
}, 120_000);

test('a full /tmp and a full workspace leave the sandbox usable', async () => {
  const { steps } = await turn(
    'head -c 200M /dev/zero > /tmp/big',
    'echo usable > file && cat file',
    // Where the engine cannot hold a volume to a size, the workspace is counted every few seconds.
    'head -c 300M /dev/zero > big && sleep 60',
    'rm -f big; echo usable > file && cat file',
    `curl -sS ${SIGNUPS}`,
  );
  expect(steps[0]?.output).toContain('No space left on device');
  expect(steps[1]?.output).toBe('usable\n');
  expect(steps[2]?.output).toMatch(/No space left on device|The workspace takes \d+ MB of 96 MB/);
  expect(steps[3]?.output).toBe('usable\n');
  expect(steps[4]?.output).toContain('"caller": "svc-bellhop"');
}, 120_000);

test('five hundred held connections leave the sandbox usable, and others reach the outside all the while', async () => {
  const holding = turn(
    `(${python(HOLD_CONNECTIONS)} > held 2>&1 &) ; sleep 5; cat held`,
    'echo usable',
    `curl -sS -i ${SIGNUPS}`,
    `pkill python3; sleep 1; curl -sS ${SIGNUPS}`,
  );
  const { steps: others } = await work(bellhop, `$ sleep 3; curl -sS ${SIGNUPS}`, { channel: '#general' });
  expect(others[0]?.output).toContain('"caller": "anonymous"');

  const { steps } = await holding;
  expect(steps[0]?.output).toBe('500\n');
  expect(steps[1]?.output).toBe('usable\n');
  expect(steps[2]?.output).toMatch(/HTTP\/1.1 429[\s\S]*code=too_many_connections[\s\S]*retry-after: \d+/);
  expect(steps[3]?.output).toContain('"caller": "svc-bellhop"');
}, 120_000);

const LEAVE_SLEEPERS = `
import subprocess
started = 0
try:
    while started < 1000:
        subprocess.Popen(['sleep', '120'])
        started += 1
except OSError:
    print('refused after', started)`;

const HOLD_CONNECTIONS = `
import socket, time
held = [socket.create_connection(('127.0.0.1', 3128)) for _ in range(500)]
print(len(held), flush=True)
time.sleep(60)`;
