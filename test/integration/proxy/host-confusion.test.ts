import { refusal, type StandardWorld, startStandardWorld, underInvariants } from './support/standard-world.ts';
import { connection, domain, S1, SCOPE_1 } from './support/world.ts';

let standard: StandardWorld;
beforeAll(async () => {
  standard = await startStandardWorld();
});
afterAll(() => standard[Symbol.asyncDispose]());

const sandbox = () => standard.world.sandbox(S1);
const connect = (target: string, more = '') => `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${more}\r\n`;

test.each(['evil.test', 'pypi.test', 'api.a.test:8443', 'api.a.test@evil.test', ''])(
  'a Host header of %j inside a tunnel for another host is refused and goes nowhere',
  async (host) => {
    standard.origin.forget();
    const bytes = `GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const text = await underInvariants(standard, () => sandbox().rawInside('api.a.test:443', bytes));
    expect(refusal(text)).toEqual({ status: 421, code: 'host_mismatch' });
    expect(standard.origin.received('evil.test') + standard.origin.received('api.a.test')).toBe('');
  },
);

test.each([
  ['another host', 'evil.test', 'sni_mismatch'],
  ['a host with a longer name', 'api.a.test.evil.test', 'sni_mismatch'],
  ['an allowed other host', 'pypi.test', 'sni_mismatch'],
])('a TLS server name that is %s ends an intercepted tunnel', async (_name, servername, code) => {
  await underInvariants(standard, () => expect(sandbox().tunnel('api.a.test:443', { servername })).rejects.toThrow());
  expect((await standard.world.events(S1, 0)).findLast(({ host }) => host === 'api.a.test')).toMatchObject({
    code,
    outcome: 'blocked',
    status: null,
  });
});

test('a TLS client without a server name ends an intercepted tunnel', async () => {
  await underInvariants(standard, () =>
    expect(sandbox().tunnel('api.a.test:443', { servername: '' })).rejects.toThrow(),
  );
});

test.each(['evil.test', ''])('a server name of %j ends a blind tunnel before a byte goes out', async (servername) => {
  standard.origin.forget();
  await underInvariants(standard, () => expect(sandbox().tunnel('tunnel.test:443', { servername })).rejects.toThrow());
  expect(standard.origin.received()).not.toContain('Client');
});

test('a blind tunnel carries TLS from end to end and leaves one event with its bytes', async () => {
  const text = await underInvariants(standard, () =>
    sandbox().rawInside('tunnel.test:443', 'GET / HTTP/1.1\r\nHost: tunnel.test\r\nConnection: close\r\n\r\n', {
      ca: standard.authority.pem,
    }),
  );
  expect(text).toContain('HTTP/1.1 200 OK');
  const event = (await standard.world.events(S1, 0)).findLast(({ host }) => host === 'tunnel.test');
  expect(event).toMatchObject({ outcome: 'forwarded', transport: 'tunnel', method: 'CONNECT', status: 200, path: '' });
  expect(event?.bytesIn).toBeGreaterThan(500);
  expect(event?.bytesOut).toBeGreaterThan(200);
});

test.each([
  ['a plain request for another host', 'http://evil.test/x', 'api.a.test', 403, 'not_allowed'],
  ['an allowed plain request with another Host', 'http://plain.test/x', 'evil.test', 421, 'host_mismatch'],
  ['https without CONNECT', 'https://api.a.test/x', 'api.a.test', 400, 'tls_in_clear'],
  ['a path alone', '/x', 'api.a.test', 400, 'not_proxied'],
  ['ftp', 'ftp://api.a.test/', 'api.a.test', 400, 'not_proxied'],
  ['a credential over clear text', 'http://api.a.test/', 'api.a.test', 403, 'cleartext_credential'],
  ['a credential over clear text on its port', 'http://api.a.test:443/', 'api.a.test:443', 403, 'cleartext_credential'],
  ['user information', 'http://a@plain.test/', 'plain.test', 400, 'bad_authority'],
  ['an address', 'http://127.0.0.1/', '127.0.0.1', 403, 'address_literal'],
])('%s outside a tunnel is refused', async (_name, target, host, status, code) => {
  standard.origin.forget();
  const text = await underInvariants(standard, () => sandbox().raw(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
  expect(refusal(text)).toEqual({ status, code });
  expect(standard.origin.received('plain')).toBe('');
});

test('a plain request to an allowed host is forwarded and recorded', async () => {
  const text = await underInvariants(standard, () =>
    sandbox().raw('GET http://plain.test/x?y=z HTTP/1.1\r\nHost: plain.test\r\n\r\n'),
  );
  expect(text).toContain('"url":"/x?y=z"');
  const event = (await standard.world.events(S1, 0)).findLast(({ host }) => host === 'plain.test');
  expect(event).toMatchObject({ scheme: 'http', transport: 'plain', path: '/x?y', outcome: 'forwarded' });
});

test.each([
  ['evil.test\\@api.a.test:443', 400, 'bad_request'],
  ['evil.test@api.a.test:443', 400, 'bad_authority'],
  ['api.a.test..:443', 400, 'bad_authority'],
  ['.api.a.test:443', 400, 'bad_authority'],
  ['api.a.test', 400, 'bad_authority'],
  ['api.a.test:0', 400, 'bad_authority'],
  ['api.a.test:65536', 400, 'bad_authority'],
  ['api.a.test:0443', 400, 'bad_authority'],
  ['api.a.test:443/x?y', 400, 'bad_authority'],
  ['api.a.test:+443', 400, 'bad_authority'],
  ['https://api.a.test:443', 400, 'bad_authority'],
  ['127.1:443', 400, 'bad_authority'],
  ['93.184.216.34:443', 403, 'address_literal'],
  ['[::1]:443', 403, 'address_literal'],
  ['a.test:443', 403, 'not_allowed'],
  ['w.test:443', 403, 'not_allowed'],
  ['xw.test:443', 403, 'not_allowed'],
  ['x.w.test.evil.test:443', 403, 'not_allowed'],
  ['api.a.test:22', 403, 'port_not_allowed'],
  ['proxy.internal:443', 403, 'not_allowed'],
])('CONNECT %s is refused', async (target, status, code) => {
  const text = await underInvariants(standard, () => sandbox().raw(connect(target)));
  expect(refusal(text)).toEqual({ status, code });
});

test.each([
  ['a tab', 'CONNECT api.a.test\t:443 HTTP/1.1\r\n\r\n'],
  ['full-width letters', 'CONNECT ａｐｉ.a.test:443 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['an ideographic full stop', 'CONNECT api。a.test:443 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['another Host', 'CONNECT api.a.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n'],
  ['a body', connect('api.a.test:443', 'Content-Length: 5\r\n')],
  ['two Hosts', connect('api.a.test:443', 'Host: api.a.test:443\r\n')],
])('CONNECT with %s is refused', async (_name, bytes) => {
  const text = await underInvariants(standard, () => sandbox().raw(bytes));
  expect([400, 421]).toContain(refusal(text).status);
  expect(refusal(text).code).toEqual(expect.any(String));
});

test('capitals and one final dot are the same host, with the same certificate', async () => {
  await underInvariants(
    standard,
    async () => {
      const first = await sandbox().tunnel('api.a.test:443');
      const second = await sandbox().tunnel('API.A.Test:443', { servername: 'API.A.TEST' });
      const third = await sandbox().tunnel('api.a.test.:443', { servername: 'api.a.test' });
      const prints = [first, second, third].map((socket) => socket.getPeerCertificate().fingerprint256);
      expect(new Set(prints).size).toBe(1);
      for (const socket of [first, second, third]) socket.destroy();
    },
    { events: 0 },
  );
});

test('CONNECT by HTTP/1.0 without Host works, as some clients send it', async () => {
  const text = await underInvariants(standard, () => sandbox().raw('CONNECT api.a.test:443 HTTP/1.0\r\n\r\n'), {
    events: 0,
  });
  expect(text).toContain('200 Connection established');
});

test.each([
  ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['SMTP', 'EHLO x\r\n'],
  ['HTTP in clear', 'GET / HTTP/1.1\r\nHost: pypi.test\r\n\r\n'],
  ['zeros', '\0'.repeat(64)],
])('%s after CONNECT closes the connection', async (_name, bytes) => {
  for (const host of ['pypi.test:443', 'tunnel.test:443']) {
    standard.origin.forget();
    const text = await underInvariants(standard, () => sandbox().raw(connect(host) + bytes, { quietMs: 3_000 }));
    expect(text).toBe('HTTP/1.1 200 Connection established\r\n\r\n');
    expect(standard.origin.received().replaceAll(/GET \/alive [\s\S]*?\r\n\r\n/g, '')).toBe('');
  }
});

test('a wildcard covers any depth below it', async () => {
  await underInvariants(
    standard,
    async () => {
      expect((await sandbox().request('https://x.w.test/')).status).toBe(200);
      expect((await sandbox().request('https://a.b.w.test/')).status).toBe(200);
    },
    { events: 2 },
  );
});

test('denied names are never resolved', async () => {
  const before = standard.world.dialled.length;
  await underInvariants(
    standard,
    async () => {
      for (let n = 0; n < 20; n += 1) await sandbox().raw(connect(`data${n}.evil.example:443`));
    },
    { events: 20 },
  );
  // Only the ordinary request that follows every case.
  expect(standard.world.dialled.length - before).toBeLessThanOrEqual(1);
});

test('a guardrail on the whole host refuses CONNECT; one on a path only the path', async () => {
  const { policy, world } = standard;
  await world.apply({
    ...policy,
    guardrails: [
      { id: 'no-own', host: 'own.test', port: null, methods: [], paths: [], line: 0, reason: 'closed' },
      { id: 'no-admin', host: 'pypi.test', port: null, methods: [], paths: ['/admin'], line: 0, reason: 'closed' },
    ],
  });
  await underInvariants(
    standard,
    async () => {
      expect(await sandbox().request('https://own.test/')).toMatchObject({
        status: 403,
        error: { code: 'guardrail', rule: 'no-own' },
      });
      expect(await sandbox().request('https://pypi.test/admin/x')).toMatchObject({
        status: 403,
        error: { code: 'guardrail' },
      });
      expect(await sandbox().request('https://pypi.test/x')).toMatchObject({ status: 200 });
    },
    { events: 3 },
  );
  await world.apply(policy);
});

test('a request that no rule of its method or path covers is refused, naming the nearest', async () => {
  const { policy, world, addresses } = standard;
  await world.apply({
    connections: [connection('gh', 'api.a.test', { addresses, methods: ['GET'], paths: ['/repos'] })],
    attached: { [SCOPE_1]: { connections: ['gh'], domains: [domain('pypi.test', { addresses })] } },
  });
  await underInvariants(
    standard,
    async () => {
      const answers = [
        await sandbox().request('https://api.a.test/repos/o/r', { method: 'DELETE' }),
        await sandbox().request('https://api.a.test/user'),
        refusalOf(
          await sandbox().rawInside('api.a.test:443', 'GET /repos/o/../../user HTTP/1.1\r\nHost: api.a.test\r\n\r\n'),
        ),
        refusalOf(await sandbox().rawInside('api.a.test:443', 'GET //user HTTP/1.1\r\nHost: api.a.test\r\n\r\n')),
        refusalOf(await sandbox().rawInside('api.a.test:443', 'GET /REPOS/o HTTP/1.1\r\nHost: api.a.test\r\n\r\n')),
        refusalOf(
          await sandbox().rawInside('api.a.test:443', 'GET /repos/o%2f..%2fuser HTTP/1.1\r\nHost: api.a.test\r\n\r\n'),
        ),
      ];
      expect(answers.map(({ status, error }) => [status, error?.code])).toEqual([
        [403, 'method_not_allowed'],
        [403, 'path_not_allowed'],
        [403, 'path_not_allowed'],
        [403, 'path_not_allowed'],
        [403, 'path_not_allowed'],
        [403, 'path_not_allowed'],
      ]);
      const allowed = await sandbox().rawInside(
        'api.a.test:443',
        'GET /x/../repos//o/%72 HTTP/1.1\r\nHost: api.a.test\r\n\r\n',
      );
      expect(allowed).toContain('"url":"/repos/o/r"');
    },
    { events: 7 },
  );
  await world.apply(policy);
});

function refusalOf(text: string) {
  const { status, code } = refusal(text);
  return { status, error: { code } };
}
