import { mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;
let other: TestSandbox;
let gvisor: boolean;

beforeAll(async () => {
  fixture = await createFixture();
  gvisor = fixture.runtime.probeRuntime().runtime === 'runsc';
  sandbox = await fixture.sandbox();
  other = await fixture.sandbox();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

async function python(code: string): Promise<string> {
  const script = `python3 - <<'CODE'\nimport socket, ctypes, os\n${code}\nCODE`;
  return (await sandbox.run(script)).output.trim();
}

test('the only network interface is the loopback', async () => {
  const { output } = await sandbox.run('tail -n +3 /proc/net/dev | cut -d: -f1; tail -n +2 /proc/net/route');
  expect(output.trim()).toBe('lo');
});

test.each([
  ['a host on the internet', 'AF_INET', "('1.1.1.1', 443)"],
  ['a host on the internet by IPv6', 'AF_INET6', "('2606:4700:4700::1111', 443)"],
  ['the metadata address of clouds', 'AF_INET', "('169.254.169.254', 80)"],
  ['the bridge of the engine', 'AF_INET', "('172.17.0.1', 22)"],
])('%s is out of reach', async (_name, family, address) => {
  const said = await python(`
s = socket.socket(socket.${family}, socket.SOCK_STREAM); s.settimeout(3)
try: s.connect(${address}); print('connected')
except OSError as e: print(e)`);
  expect(said).toMatch(/unreachable|Cannot assign/);
});

test('the only server of names is its own, and no packet reaches another', async () => {
  expect((await sandbox.run('cat /etc/resolv.conf')).output).toBe('nameserver 127.100.0.1\n');
  const said = await python(`
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try: print(s.sendto(b'x', ('8.8.8.8', 53)))
except OSError as e: print(e)`);
  expect(said).toMatch(/unreachable/);
});

test.each([
  ['vsock, which reaches the hypervisor', 40],
  ['raw packets', 17],
  ['bluetooth', 31],
  ['the kernel crypto interface', 38],
  ['vsock with high bits set', 0x1_0000_0028],
])('a socket for %s cannot be made', async (_name, family) => {
  const said = await python(`
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(ctypes.c_long(41 if os.uname().machine == 'x86_64' else 198), ctypes.c_long(${family}), ctypes.c_long(1), ctypes.c_long(0)), ctypes.get_errno())`);
  expect(said).toMatch(/^-1 (1|97|93)$/);
});

test('raw IP sockets, io_uring and new namespaces are refused', async () => {
  expect(
    await python(
      "try: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); print('made')\nexcept OSError as e: print(e)",
    ),
  ).toMatch(/not permitted/);
  expect(await python('print(ctypes.CDLL(None).syscall(425, 8, 0))')).toBe('-1');
  expect((await sandbox.run('unshare -n true')).output).toContain('not permitted');
  // Under gVisor a user namespace is one of its own kernel, not of the machine's.
  if (gvisor) return;
  expect((await sandbox.run('unshare -Ur true')).output).toContain('not permitted');
});

test('a sandbox sees its own sockets and no others', async () => {
  for (const name of ['proxy.sock', 'direct.sock'] as const) {
    await sandbox.listen((_request, response) => response.end('mine'), name);
    await other.listen((_request, response) => response.end('of the other'), name);
  }
  expect((await sandbox.run('find / -xdev -type s 2>/dev/null; find /run/bellhop -type s | sort')).output).toBe(
    '/run/bellhop/direct.sock\n/run/bellhop/proxy.sock\n',
  );
  expect(await fixture.runtime.checkSockets(sandbox.id, sandbox.uid)).toMatchObject({ sockets: 2 });
  expect((await sandbox.run('ls -A /run/bellhop; ls -A /run/bellhop/.. | sort')).output).not.toContain(other.id);
});

test.each(['proxy.sock', 'direct.sock'])("the agent's user cannot open %s past the relay", async (name) => {
  const said = await python(`
s = socket.socket(socket.AF_UNIX)
try: s.connect('/run/bellhop/${name}'); print('connected')
except OSError as e: print(e)`);
  expect(said).toMatch(/Permission denied/);
});

test.each(['x/proxy.sock', 'y/direct.sock', 'other.sock'])('a folder that shows %s is found out', async (shown) => {
  const path = join(fixture.runDir, sandbox.id, shown);
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const server = createServer().listen(path);
  try {
    const check = fixture.runtime.checkSockets(sandbox.id, sandbox.uid);
    await expect(check).rejects.toMatchObject({ code: 'SandboxSeesOthers' });
  } finally {
    await new Promise((done) => server.close(done));
    await rm(shown.includes('/') ? folder : path, { recursive: true, force: true });
  }
});

test('nothing of the host is written to, and little is read', async () => {
  const { output } = await sandbox.run(
    'touch /x /etc/x /run/bellhop/x /usr/x 2>&1 | grep -cE "Read-only|denied"; id -u; cat /proc/1/environ',
  );
  expect(output).toMatch(new RegExp(`^4\\n${sandbox.uid}\\n.*Permission denied\\n$`));
});
