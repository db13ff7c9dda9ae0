import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener, ServerResponse } from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bindingOf } from '../../../credentials/binding.ts';
import { writeKeyFile } from '../../../credentials/key-file.ts';
import { createKeyPair } from '../../../credentials/key-pair.ts';
import { seal } from '../../../credentials/seal.ts';
import { createProxyControl, type ProxyControl } from '../../../proxy/control-client.ts';
import { storeCredential } from '../../../store/credentials.ts';
import { egressEventsOf } from '../../../store/egress-events.ts';
import { storePolicy } from '../../../store/policy.ts';
import { DATABASE_ROLES, dropRoles, ensureRoles, urlForRole } from '../../../store/roles.ts';
import { bundle } from '../../support/access-document.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Origin, startOrigin } from './support/origin.ts';
import { type ProxyProcess, startProxyProcess } from './support/process.ts';
import { createSandbox, type Sandbox, untilClosed } from './support/sandbox.ts';
import { createTestAuthority } from './support/test-authority.ts';
import { connection, domain, leaseOf, S1, SCOPE_1, SECRET, sessionOf } from './support/world.ts';

const installation = `t${process.pid}`;
let database: TestDatabase;
let origin: Origin;
let folder: string;
let env: Record<string, string>;
let control: ProxyControl;
let sandbox: Sandbox;
let running: ProxyProcess | null = null;
let held: ServerResponse | null = null;

const onRequest: RequestListener = (request, response) => {
  if (request.url?.startsWith('/slow')) {
    held = response;
    response.write('begun ');
  } else {
    response.end('ok');
  }
};

beforeAll(async () => {
  database = await createTestDatabase();
  const passwords = Object.fromEntries(DATABASE_ROLES.map((role) => [role, 'x'])) as Parameters<typeof ensureRoles>[2];
  await ensureRoles(database.url, installation, passwords);
  folder = mkdtempSync(path.join(os.tmpdir(), 'bp-'));
  const authority = await createTestAuthority();
  origin = await startOrigin({ authority, hosts: ['api.a.test', 'pypi.test', 'tunnel.test'], onRequest });
  writeFileSync(path.join(folder, 'origins.pem'), authority.pem);
  writeFileSync(
    path.join(folder, 'operator.yaml'),
    `hosts:
  api.a.test: 127.0.0.1:${origin.port}
  pypi.test: 127.0.0.1:${origin.port}
ceilings:
  - range: 127.0.0.0/8
    ports: [${origin.port}]
ca-bundles: [origins.pem]
`,
  );
  const keys = await createKeyPair();
  await writeKeyFile(path.join(folder, 'key.json'), keys);
  const addresses = [{ range: '127.0.0.1/32', port: origin.port }];
  const gh = connection('gh', 'api.a.test', { addresses });
  const sealed = await seal(keys.publicKey, bindingOf(gh), SECRET);
  await storeCredential(database.database, { connection: 'gh', version: 1, keyId: keys.publicKey.id, sealed });
  await storePolicy(database.database, {
    document: {
      version: 1,
      connections: [gh],
      guardrails: [],
      repositoryGuardrails: [],
      bundles: [bundle('b', { connections: ['gh'], domains: [domain('pypi.test', { addresses })] })],
      scopes: [{ scope: SCOPE_1, label: '#one', enabled: true, bundles: ['b'], instructions: '' }],
    },
    source: '',
    appliedBy: 'test',
  });
  env = {
    BELLHOP_DATABASE_URL: urlForRole(database.url, installation, 'proxy', 'x'),
    BELLHOP_HOME: path.join(folder, 'home'),
    BELLHOP_RUN_DIR: path.join(folder, 'run'),
    BELLHOP_PROXY_CONTROL: path.join(folder, 'c.sock'),
    BELLHOP_KEY_FILE: path.join(folder, 'key.json'),
    BELLHOP_OPERATOR_FILE: path.join(folder, 'operator.yaml'),
    BELLHOP_CA_BUNDLE: path.join(folder, 'ca.pem'),
  };
  control = createProxyControl({ socketPath: path.join(folder, 'c.sock') });
  sandbox = createSandbox(path.join(folder, 'run', S1, 'proxy.sock'), () =>
    readFileSync(path.join(folder, 'ca.pem'), 'utf8'),
  );
});

afterEach(async () => {
  running?.child.kill('SIGKILL');
  await running?.ended;
});

afterAll(async () => {
  await control.close();
  await origin[Symbol.asyncDispose]();
  await dropRoles(database.url, installation);
  await database[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<ProxyProcess> {
  running = startProxyProcess(env);
  await running.ready;
  return running;
}

/** The lines of a log that are warnings or worse. */
function troubleIn(log = ''): string[] {
  const lines = log.split('\n').filter((line) => line !== '');
  return lines.filter((line) => (JSON.parse(line) as { level: number }).level >= 40);
}

async function eventsOf(path: string, count = 1): Promise<{ code: string; outcome: string }[]> {
  const until = Date.now() + 5_000;
  for (;;) {
    const events = (await egressEventsOf(database.database, sessionOf(S1))).filter((event) => event.path === path);
    if (events.length >= count || Date.now() > until) return events.map(({ code, outcome }) => ({ code, outcome }));
    await pause(50);
  }
}

test('as its own database role the process injects, forwards and blocks', async () => {
  await start();
  await control.ensureListener(S1, 0);
  await control.openLease(leaseOf(S1, SCOPE_1, 1));
  expect({ text: (await sandbox.request('https://api.a.test/a')).text, trouble: troubleIn(running?.log()) }).toEqual({
    text: 'ok',
    trouble: [],
  });
  expect(origin.received('api.a.test')).toContain(`Bearer ${SECRET}`);
  expect((await sandbox.request('https://pypi.test/a')).text).toBe('ok');
  expect((await sandbox.request('https://evil.test/')).status).toBe(403);
  expect(await eventsOf('/a', 2)).toEqual([
    { code: 'connection', outcome: 'injected' },
    { code: 'domain_entry', outcome: 'forwarded' },
  ]);
});

test('after SIGKILL nothing passes until the lease is opened again, and the cut request has its event', async () => {
  const first = await start();
  await control.openLease(leaseOf(S1, SCOPE_1, 2));
  const socket = await sandbox.tunnel('api.a.test:443');
  socket.write('GET /slow?q=1 HTTP/1.1\r\nHost: api.a.test\r\n\r\n');
  while (!held) await pause(10);
  const cut = untilClosed(socket, 5_000);
  first.child.kill('SIGKILL');
  await cut;
  await expect(sandbox.request('https://api.a.test/')).rejects.toThrow();

  await start();
  // The socket is back without anybody asking, and nothing passes by it.
  expect((await sandbox.request('https://api.a.test/')).error?.code).toBe('no_lease');
  await expect(control.openLease(leaseOf(S1, SCOPE_1, 1, 9))).rejects.toMatchObject({ code: 'epoch_too_low' });
  await control.renewLease(leaseOf(S1, SCOPE_1, 2));
  expect((await sandbox.request('https://api.a.test/b')).text).toBe('ok');
  expect(await eventsOf('/slow?q')).toEqual([{ code: 'interrupted', outcome: 'injected' }]);
});

test('SIGTERM lets open requests end, takes no new ones, and exits with 0', async () => {
  held = null;
  const { child, ended } = await start();
  await control.openLease(leaseOf(S1, SCOPE_1, 3));
  const socket = await sandbox.tunnel('api.a.test:443');
  socket.write('GET /slow?q=2 HTTP/1.1\r\nHost: api.a.test\r\n\r\n');
  while (!held) await pause(10);
  const text = untilClosed(socket, 5_000);
  child.kill('SIGTERM');
  await pause(300);
  await expect(sandbox.request('https://api.a.test/')).rejects.toThrow();
  (held as ServerResponse).end('done');
  expect(await text).toContain('done');
  expect(await ended).toBe(0);
  expect(await eventsOf('/slow?q', 2)).toContainEqual({ code: 'connection', outcome: 'injected' });
});

test('lookups without an answer have enough threads not to hold up one another', async () => {
  const { pid } = await start();
  expect(readdirSync(`/proc/${pid}/task`).length).toBeGreaterThan(64);
});

test('the process keeps its memory to itself', async () => {
  const { pid, child, log } = await start();
  await control.openLease(leaseOf(S1, SCOPE_1, 4));
  await sandbox.request('https://api.a.test/c');
  child.kill('SIGUSR1');
  await pause(300);
  const inspector = net.connect(9229, '127.0.0.1');
  await expect(
    new Promise((resolve, reject) => inspector.once('connect', resolve).once('error', reject)),
  ).rejects.toThrow();
  expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain(SECRET);
  expect(readFileSync(`/proc/${pid}/coredump_filter`, 'utf8').trim()).toBe('00000000');
  expect(log()).not.toContain(SECRET);
  expect((await sandbox.request('https://api.a.test/d')).text).toBe('ok');
});

test('a proxy whose log has a reader that only waits goes on judging requests', async () => {
  const { child } = await start();
  await control.openLease(leaseOf(S1, SCOPE_1, 5));
  child.stderr?.pause();
  // A socket pair holds a few hundred short lines.
  for (let line = 0; line < 2_000; line += 1) {
    child.kill('SIGUSR1');
    if (line % 20 === 0) await pause(5);
  }
  expect((await sandbox.request('https://api.a.test/e')).text).toBe('ok');
  expect((await control.health()).leases).toBe(1);
  child.stderr?.resume();
});

test('a proxy whose log has no reader any more ends in order, and lets open requests end', async () => {
  held = null;
  const { child, ended } = await start();
  await control.openLease(leaseOf(S1, SCOPE_1, 6));
  const socket = await sandbox.tunnel('api.a.test:443');
  socket.write('GET /slow?q=3 HTTP/1.1\r\nHost: api.a.test\r\n\r\n');
  while (!held) await pause(10);
  const text = untilClosed(socket, 5_000);
  child.stderr?.destroy();
  child.kill('SIGUSR1');
  await pause(300);
  (held as ServerResponse).end('done');
  expect(await text).toContain('done');
  expect(await ended).toBe(1);
});

test.each([
  ['a key file that others may read', () => chmodSync(path.join(folder, 'key.json'), 0o640), 'chmod 600'],
  [
    'an operator file with a mistake',
    () => writeFileSync(path.join(folder, 'operator.yaml'), 'hosts: {}\nceiling: []'),
    'operator.yaml:2: ceiling',
  ],
])('with %s it does not start, and says why', async (_name, spoil, words) => {
  const operator = readFileSync(path.join(folder, 'operator.yaml'), 'utf8');
  spoil();
  running = startProxyProcess(env);
  expect(await running.ended).toBe(1);
  expect(running.log()).toContain(words);
  chmodSync(path.join(folder, 'key.json'), 0o600);
  writeFileSync(path.join(folder, 'operator.yaml'), operator);
});

test('a lease that was renewed while the process stood still lives on; without a renewal it still dies', async () => {
  const proxy = await start();
  await control.ensureListener(S1, 0);
  const lease = leaseOf(S1, SCOPE_1, 20);
  await control.openLease(lease);
  proxy.child.kill('SIGSTOP');
  // Longer than a lease lives. What its holder says meanwhile waits in the control socket.
  await pause(17_000);
  const renewal = control.renewLease(lease);
  await pause(200);
  proxy.child.kill('SIGCONT');
  expect(await renewal).toMatchObject({ state: 'open' });
  expect((await sandbox.request('https://pypi.test/after-standstill')).text).toBe('ok');

  const begun = performance.now();
  while ((await control.lease(S1)).state === 'open' && performance.now() - begun < 25_000) await pause(100);
  expect(await control.lease(S1)).toMatchObject({ state: 'closed', ending: 'expired' });
}, 60_000);
