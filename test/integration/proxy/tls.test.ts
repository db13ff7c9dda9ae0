import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { contention } from '../../support/contention.ts';
import { startRelay } from './support/relay.ts';
import { untilClosed } from './support/sandbox.ts';
import { type StandardWorld, startStandardWorld, underInvariants } from './support/standard-world.ts';
import { S1, S2 } from './support/world.ts';

let standard: StandardWorld;
beforeAll(async () => {
  standard = await startStandardWorld();
});
afterAll(() => standard[Symbol.asyncDispose]());

const sandbox = () => standard.world.sandbox(S1);
const lastEvent = async () => (await standard.world.events(S1, 0)).findLast(({ path }) => !path.startsWith('/alive'));

test.each([
  ['http/1.1 among others', ['h2', 'http/1.1'], 'http/1.1'],
  ['nothing', undefined, false],
])('a client that offers %s is served by HTTP/1.1', async (_name, alpn, chosen) => {
  await underInvariants(
    standard,
    async () => {
      const socket = await sandbox().tunnel('api.a.test:443', alpn ? { alpn: [...alpn] } : {});
      expect(socket.alpnProtocol).toBe(chosen);
      socket.destroy();
    },
    { events: 0 },
  );
});

test.each([['h2'], ['spdy/1']])('a client that speaks only %s is turned away', async (protocol) => {
  await underInvariants(standard, () =>
    expect(sandbox().tunnel('api.a.test:443', { alpn: [protocol] })).rejects.toThrow(/alert/i),
  );
  expect(await lastEvent()).toMatchObject({ code: 'tls_failed', outcome: 'blocked' });
});

test('TLS 1.1 is turned away', async () => {
  const options = "-connect api.a.test:443 -servername api.a.test -tls1_1 -cipher 'ALL:@SECLEVEL=0'";
  await underInvariants(standard, () =>
    expect(
      throughRelay((address) => `openssl s_client -proxy ${address} ${options} < /dev/null 2>&1`),
    ).rejects.toMatchObject({
      stdout: expect.stringContaining('alert protocol version'),
    }),
  );
});

test('renegotiation is turned away', async () => {
  await underInvariants(
    standard,
    async () => {
      const socket = await sandbox().tunnel('api.a.test:443', { maxVersion: 'TLSv1.2' });
      expect(socket.getProtocol()).toBe('TLSv1.2');
      const closed = new Promise((resolve) => socket.once('close', resolve));
      const renegotiated = new Promise((resolve) => socket.renegotiate({}, (error) => resolve(error === null)));
      expect(await Promise.race([closed.then(() => false), renegotiated])).toBe(false);
      await closed;
    },
    { events: 0 },
  );
});

test('a certificate that the client shows is not asked for, and does not go on to the host', async () => {
  const identity = await standard.authority.issue('agent.test');
  const answer = await underInvariants(standard, () => sandbox().request('https://api.a.test/x', { identity }));
  expect(answer.status).toBe(200);
  expect(standard.origin.clientCertificates).toBe(0);
});

test('a client that does not trust the certificate leaves an event that says so', async () => {
  await underInvariants(standard, () =>
    expect(curlTrusting(standard.authority.pem)).rejects.toMatchObject({ code: 60 }),
  );
  expect(await lastEvent()).toMatchObject({ code: 'client_rejected_cert', host: 'api.a.test' });
});

async function throughRelay(command: (address: string) => string): Promise<void> {
  const relay = await startRelay(path.join(standard.world.folder, 'run', S1, 'proxy.sock'));
  try {
    await promisify(execFile)('/bin/sh', ['-c', command(relay.url.slice('http://'.length))]);
  } finally {
    await relay[Symbol.asyncDispose]();
  }
}

function curlTrusting(pem: string): Promise<void> {
  const file = path.join(standard.world.folder, 'other.pem');
  writeFileSync(file, pem);
  return throughRelay((address) => `curl -sS -x http://${address} --cacert ${file} https://api.a.test/`);
}

test('a greeting that never ends is cut off at its limit', async () => {
  await underInvariants(standard, async () => {
    const socket = await sandbox().connect('api.a.test:443');
    const closed = untilClosed(socket, 5_000);
    socket.write(Buffer.concat([Buffer.from([22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc]), Buffer.alloc(70_000)]));
    await closed;
    expect(socket.destroyed || socket.readableEnded).toBe(true);
  });
});

test('a greeting that comes byte by byte is cut off after ten seconds', async () => {
  await underInvariants(standard, async () => {
    const socket = await sandbox().connect('pypi.test:443');
    const started = Date.now();
    const drip = setInterval(() => socket.write(Buffer.from([3])), 1_000);
    socket.write(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252]));
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(drip);
    expect(Date.now() - started).toBeLessThan(12_000 * contention());
  });
  expect(await lastEvent()).toMatchObject({ code: 'client_hello_timeout', outcome: 'blocked', host: 'pypi.test' });
});

test('a head that comes byte by byte is cut off after fifteen seconds', async () => {
  await underInvariants(standard, async () => {
    const socket = await sandbox().tunnel('api.a.test:443');
    socket.write('GET /x HTTP/1.1\r\n');
    const drip = setInterval(() => socket.write('X'), 1_000);
    const text = await untilClosed(socket, 20_000);
    clearInterval(drip);
    expect(text).toContain('"header_timeout"');
  });
}, 40_000);

test('many names below a wildcard stay bounded, and the proxy stays quick', async () => {
  const answers = await underInvariants(
    standard,
    async () => {
      const refused: string[] = [];
      for (let round = 0; round < 15; round += 1) {
        await Promise.all(
          Array.from({ length: 20 }, async (_, n) => {
            try {
              (await sandbox().tunnel(`n${round}-${n}.w.test:443`)).destroy();
            } catch (error) {
              refused.push((error as Error).message);
            }
          }),
        );
      }
      return refused;
    },
    { events: 0 },
  ).catch((error: Error) => error);
  // 100 at once and ten a second after that; the rest is told to slow down, each with an event.
  expect(answers).toBeInstanceOf(Error);
  const events = (await standard.world.events(S1, 0)).filter(({ code }) => code === 'too_many_names');
  expect(events.length).toBeGreaterThan(0);
});

test('no sandbox is shown the certificate of another', async () => {
  const shown = [sandbox(), sandbox(), standard.world.sandbox(S2)].map(async (each) => {
    const socket = await each.tunnel('api.a.test:443');
    const serial = socket.getPeerX509Certificate()?.serialNumber;
    socket.destroy();
    return serial;
  });
  const [first, again, other] = await Promise.all(shown);
  expect(again).toBe(first);
  expect(other).not.toBe(first);
});

test('the certificate has what strict clients ask for', async () => {
  await pause(2_000);
  const socket = await sandbox().tunnel('api.a.test:443');
  const certificate = socket.getPeerX509Certificate();
  expect(certificate?.subjectAltName).toBe('DNS:api.a.test');
  expect(certificate?.subject).toBeUndefined();
  expect(certificate?.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(certificate?.ca).toBe(false);
  const days = (Date.parse(certificate?.validTo ?? '') - Date.parse(certificate?.validFrom ?? '')) / 86_400_000;
  expect(days).toBeLessThan(9);
  expect(Buffer.from(certificate?.serialNumber ?? '', 'hex').length).toBeLessThan(20);
  expect(socket.getProtocol()).toBe('TLSv1.3');
  expect(tls.rootCertificates).not.toContain(certificate?.toString());
  socket.destroy();
});
