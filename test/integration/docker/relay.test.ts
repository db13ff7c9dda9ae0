import { once } from 'node:events';
import { chown, rm } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { relayUidOf, sandboxSocketPath } from '../../../docker/sandbox-names.ts';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;

beforeAll(async () => {
  fixture = await createFixture();
  sandbox = await fixture.sandbox();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

const close = async (server: { close(done: () => void): unknown; closeAllConnections?: () => void }) => {
  server.closeAllConnections?.();
  await new Promise<void>((done) => server.close(done));
};

test('without a proxy behind it the relay gives nothing, and with one it passes', async () => {
  expect((await sandbox.run('curl -sS -m 10 http://anything.test/')).exitCode).not.toBe(0);
  const server = await sandbox.listen((request, response) => response.end(`${request.method} ${request.url}`));
  expect((await sandbox.run('curl -sS -m 10 http://anything.test/path')).output).toBe('GET http://anything.test/path');
  await close(server);
});

test('after a new start of the proxy a running sandbox reaches it again', async () => {
  const first = await sandbox.listen((_request, response) => response.end('first'));
  expect((await sandbox.run('curl -sS http://a.test/')).output).toBe('first');
  await close(first);
  await rm(sandboxSocketPath(fixture.runDir, sandbox.id), { force: true });
  expect((await sandbox.run('curl -sS -m 10 http://a.test/')).exitCode).not.toBe(0);
  const second = await sandbox.listen((_request, response) => response.end('second'));
  expect((await sandbox.run('curl -sS http://a.test/')).output).toBe('second');
  await close(second);
});

test.each(['curl', 'python3', 'node', 'pip', 'npm', 'git'])('%s goes through the relay by itself', async (tool) => {
  const commands: Record<string, string> = {
    curl: 'curl -sS http://tools.test/curl',
    python3: 'python3 -c "import urllib.request as u; u.urlopen(\'http://tools.test/python3\')"',
    node: 'node -e "fetch(\'http://tools.test/node\')"',
    pip: 'pip download -q --retries 0 --trusted-host tools.test --index-url http://tools.test/pip/ thing',
    npm: 'npm view --fetch-retries 0 --registry http://tools.test/npm/ thing',
    git: 'git ls-remote https://tools.test/git',
  };
  const seen: string[] = [];
  const server = await sandbox.listen((request, response) => {
    seen.push(request.url ?? '');
    response.statusCode = 404;
    response.end();
  });
  // Node's fetch asks for a tunnel even where the address begins with http:, and git is allowed https alone.
  server.on('connect', (request, socket) => {
    seen.push(`http://${request.url?.replace(/:(80|443)$/, '')}/${tool}`);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await sandbox.run(commands[tool] ?? 'false');
  await close(server);
  expect(seen.some((url) => url.startsWith(`http://tools.test/${tool}`))).toBe(true);
});

test('five hundred open connections leave relay and sandbox usable', async () => {
  const waiting: (() => void)[] = [];
  const server = await sandbox.listen((request, response) => {
    if (request.url === 'http://quick.test/') response.end('quick');
    else waiting.push(() => response.end('done'));
  });
  const script = `
import socket, time
held = []
for i in range(500):
    s = socket.create_connection(('127.0.0.1', 3128)); s.sendall(b'GET http://slow.test/ HTTP/1.1\\r\\nhost: slow.test\\r\\n\\r\\n'); held.append(s)
print(len(held), flush=True)
time.sleep(2)`;
  const holding = sandbox.run(`python3 -c "$(cat <<'CODE'\n${script}\nCODE\n)"`);
  for (let i = 0; i < 100 && waiting.length < 500; i++) await new Promise((done) => setTimeout(done, 50));
  expect(waiting).toHaveLength(500);
  expect((await sandbox.run('curl -sS -m 5 http://quick.test/')).output).toBe('quick');
  for (const answer of waiting) answer();
  expect((await holding).output).toBe('500\n');
  await close(server);
}, 60_000);

test('an answer that comes long after the request has ended is complete', async () => {
  const path = sandboxSocketPath(fixture.runDir, sandbox.id);
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.resume();
    socket.on('end', () => setTimeout(() => socket.end('x'.repeat(100_000)), 2_000));
  }).listen(path);
  await once(server, 'listening');
  await chown(path, relayUidOf(sandbox.uid), relayUidOf(sandbox.uid));
  const result = await sandbox.run(`python3 - <<'CODE'
import socket
s = socket.create_connection(('127.0.0.1', 3128)); s.sendall(b'hello'); s.shutdown(socket.SHUT_WR)
n = 0
while (b := s.recv(65536)): n += len(b)
print(n)
CODE`);
  await close(server);
  expect(result.output).toBe('100000\n');
}, 30_000);

test('nobody else on the machine can use the socket', async () => {
  await using stack = new AsyncDisposableStack();
  const server = await sandbox.listen((_request, response) => response.end('no'));
  stack.defer(async () => await close(server));
  const { stat } = await import('node:fs/promises');
  const path = sandboxSocketPath(fixture.runDir, sandbox.id);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(fixture.runDir)).mode & 0o777).toBe(0o700);
  // The owner of everything, root, can: which shows that the socket is alive.
  const socket = createConnection(path);
  await once(socket, 'connect');
  socket.destroy();
});
