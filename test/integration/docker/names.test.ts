import { sandboxName } from '../../../docker/sandbox-names.ts';
import { docker } from '../../support/installation/containers.ts';
import { until } from '../../support/until.ts';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;

beforeAll(async () => {
  fixture = await createFixture();
  sandbox = await fixture.sandbox();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

const RELAY = '127.100.0.1';

async function python(code: string): Promise<string> {
  const script = `python3 - <<'CODE'\nimport os, socket, struct, time\n${code}\nCODE`;
  return (await sandbox.run(script, { timeoutMs: 60_000 })).output.trim();
}

/** Sends one message to the server of names and prints what comes back as hexadecimal, or `nothing`. */
const ASK = `
def ask(message, family=socket.SOCK_DGRAM):
    s = socket.socket(socket.AF_INET, family); s.settimeout(1); s.connect(('${RELAY}', 53)); s.send(message)
    try: return s.recv(4096).hex()
    except TimeoutError: return 'nothing'
def question(name, kind=1, klass=1, head='123401000001000000000000'):
    labels = b''.join(bytes([len(l)]) + l.encode() for l in name.split('.') if l)
    return bytes.fromhex(head) + labels + b'\\0' + struct.pack('>HH', kind, klass)
`;

test.each([
  ['any name', 'api.example.com', RELAY],
  ['a name in capital letters', 'API.Example.COM', RELAY],
  ['a name of one label', 'db', RELAY],
  ['a name with an underscore', '_x.example.com', RELAY],
  ['a name that only ends like the own one', 'notlocalhost', RELAY],
  ['a name of 253 characters', `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`, RELAY],
  ['localhost', 'localhost', '127.0.0.1'],
  ['a name below localhost', 'app.localhost', '127.0.0.1'],
  ['the name of the sandbox itself', 'sandbox', '127.0.0.1'],
])('%s leads to one address', async (_, name, address) => {
  expect(await python(`print(socket.gethostbyname(${JSON.stringify(name)}))`)).toBe(address);
});

test('a name that by its ending cannot exist does not, and one that is too long is refused', async () => {
  expect(
    await python(`
for name in ['nowhere.invalid', 'a' * 64 + '.example.com']:
    try: print(socket.gethostbyname(name))
    except Exception as e: print(type(e).__name__)`),
  ).toBe('gaierror\nUnicodeError');
  expect((await sandbox.run('getent hosts nowhere.invalid; echo $?')).output).toBe('2\n');
});

test('clients that ask for both kinds of address at once get the one there is', async () => {
  const node = `require('node:dns').lookup('a.test', { all: true }, (e, all) => console.log(e ?? all.map((a) => a.address).join()))`;
  expect((await sandbox.run(`node -e ${JSON.stringify(node)}`)).output).toBe(`${RELAY}\n`);
  const resolver = `require('node:dns').promises.resolve4('a.test').then((a) => console.log(a.join()))`;
  expect((await sandbox.run(`node -e ${JSON.stringify(resolver)}`)).output).toBe(`${RELAY}\n`);
  expect((await sandbox.run('getent ahosts a.test | cut -d" " -f1 | sort -u')).output).toBe(`${RELAY}\n`);
});

test('an answer repeats the question, and no other kind of record exists', async () => {
  const asked = '1234 0100 0001 0000 0000 0000 01 61 04 74657374 00 0001 0001'.replaceAll(' ', '');
  const same = asked.slice(24);
  const said = await python(`${ASK}
print(ask(question('a.test')))
for kind in [2, 5, 6, 12, 15, 16, 28, 33, 65, 252, 255]: print(ask(question('a.test', kind))[:32])
print(ask(question('a.test', 1, 3))[:32])`);
  const [first, ...others] = said.split('\n');
  expect(first).toBe(`123481800001000100000000${same}c00c000100010000012c00047f640001`);
  expect(others).toEqual(Array(12).fill(`1234818000010000000000000161${'0474'}`));
});

test('what is no question gets an error or nothing, and never more than a question takes', async () => {
  const said = await python(`${ASK}
print(ask(b'x'))
print(ask(bytes.fromhex('123481800001000000000000') + question('a.test')[12:]))
print(ask(bytes.fromhex('123428000001000000000000') + question('a.test')[12:]))
print(ask(bytes.fromhex('123401000000000000000000')))
print(ask(bytes.fromhex('123401000002000000000000') + question('a.test')[12:] * 2))
print(ask(bytes.fromhex('123401000001000000000000') + b'\\xc0\\x0c\\0\\1\\0\\1'))
print(ask(bytes.fromhex('123401000001000000000000') + b'\\x3faaa'))
print(ask(question('.'.join(['a' * 60] * 5)))[:24])
print(ask(question('a.test') + b'x' * 4000)[:24])`);
  const refused = (code: number) => `12348${code === 4 ? '9' : '1'}8${code}${'0'.repeat(16)}`;
  expect(said.split('\n')).toEqual([
    'nothing',
    'nothing',
    '1234a8840000000000000000',
    refused(1),
    refused(1),
    refused(1),
    refused(1),
    refused(1),
    '123481800001000100000000',
  ]);
});

test('a flood of nonsense and of questions leaves it answering, and it grows by nothing', async () => {
  const memory = async () =>
    Number((await sandbox.run("awk '/VmHWM/ {print $2}' /proc/$(pgrep -x entry)/status")).output.trim());
  const before = await memory();
  const said = await python(`${ASK}
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
end = time.monotonic() + 5; sent = 0
while time.monotonic() < end:
    s.sendto(os.urandom(sent % 600), ('${RELAY}', 53)); s.sendto(question('a%d.test' % sent), ('${RELAY}', 53)); sent += 2
time.sleep(0.5)
print(sent > 10000, socket.gethostbyname('after.test'))`);
  expect(said).toBe(`True ${RELAY}`);
  expect((await memory()) - before).toBeLessThan(256);
}, 90_000);

test('a client that knows of no proxy reaches the direct socket by a name, for http and for https', async () => {
  await using stack = new AsyncDisposableStack();
  const server = await sandbox.listen(
    (request, response) => response.end(`${request.headers.host}${request.url}`),
    'direct.sock',
  );
  const begun: Buffer[] = [];
  server.on('clientError', (error: Error & { rawPacket?: Buffer }, socket) => {
    begun.push(error.rawPacket ?? Buffer.alloc(0));
    socket.destroy();
  });
  stack.defer(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  expect((await sandbox.run('env -i curl -sS -m 10 http://a.test/path')).output).toBe('a.test/path');
  expect((await sandbox.run('env -i curl -ksS -m 10 https://b.test/')).exitCode).toBe(35);
  expect(begun[0]?.[0]).toBe(22);
  expect(begun[0]?.includes('b.test')).toBe(true);
});

test('every other port of a name refuses at once', async () => {
  const { output } = await sandbox.run(
    'for p in 22 5432 8080 8443; do env -i curl -sS -m 5 a.test:$p; done 2>&1; date',
  );
  expect(output.match(/Failed to connect to a\.test port \d+ after \d+ ms: Couldn't connect/g)).toHaveLength(4);
});

test("the agent's own servers have the loopback to themselves, also on the ports of the relay", async () => {
  const script = `
import http.server, threading, urllib.request
class Own(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(200); self.end_headers(); self.wfile.write(b'own')
    def log_message(self, *a): pass
for port in (80, 443, 8123):
    threading.Thread(target=http.server.ThreadingHTTPServer(('127.0.0.1', port), Own).serve_forever, daemon=True).start()
for url in ['http://127.0.0.1/', 'http://127.0.0.1:443/', 'http://localhost/', 'http://localhost:8123/', 'http://app.localhost:8123/', 'http://sandbox:8123/']:
    print(urllib.request.urlopen(url).read().decode())
import subprocess
for url in ['http://localhost:8123/', 'http://app.localhost:8123/', 'http://sandbox:8123/']:
    print(subprocess.run(['curl', '-sS', url], capture_output=True, text=True).stdout)
    print(subprocess.run(['node', '-e', 'fetch(process.argv[1]).then(async (r) => console.log(await r.text()))', url], capture_output=True, text=True).stdout.strip())`;
  expect(await python(script)).toBe(Array(12).fill('own').join('\n'));
});

test('the sandbox ends with the first program or the relay, and starts anew with both', async () => {
  const container = sandboxName(fixture.installation, sandbox.id);
  for (const program of ['relay', 'entry']) {
    await docker('exec', container, '/usr/bin/pkill', '-9', '-x', program).catch(() => 'it ended first');
    await until(async () => (await fixture.runtime.state(sandbox.id)) === 'stopped', 'the end of the sandbox');
    await fixture.runtime.provision(sandbox.spec);
    expect(await python("print(socket.gethostbyname('a.test'))")).toBe(RELAY);
  }
}, 60_000);
