import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import path from 'node:path';
import { connectEngine } from '../../../../docker/engine.ts';
import type { SandboxRuntime } from '../../../../docker/sandbox.ts';
import { ensureSandboxImage } from '../../../../docker/sandbox-image.ts';
import { relayUidOf, sandboxName } from '../../../../docker/sandbox-names.ts';
import { createSandboxRuntime } from '../../../../docker/sandbox-runtime.ts';
import { docker } from '../../../support/installation/containers.ts';
import { type StandardWorld, startStandardWorld } from '../../proxy/support/standard-world.ts';
import { S1, SECRET } from '../../proxy/support/world.ts';
import { bringClients } from './bring-clients.ts';
import { PYTHONS } from './bring-python.ts';

/**
 * Real clients in a real sandbox behind the real proxy. None of them is told of the proxy: either they have no settings at
 * all (`env -i`), or they do not read those that a sandbox has.
 */
let standard: StandardWorld;
let runtime: SandboxRuntime;
const uid = 100_000 + (randomBytes(3).readUIntBE(0, 3) % 50_000_000);
const installation = `t${randomBytes(4).toString('hex')}`;

const onRequest: RequestListener = (request, response) => {
  request.resume();
  request.on('end', () => response.end(`answer to ${request.method} ${request.url}`));
};

beforeAll(async () => {
  const engine = await connectEngine({ env: process.env });
  const { name: image } = await ensureSandboxImage({ engine });
  standard = await startStandardWorld({ onRequest, overrides: { relayUid: relayUidOf(uid) } });
  const { folder } = standard.world;
  runtime = createSandboxRuntime({ engine, installation, runDir: path.join(folder, 'run'), image });
  const caBundle = await readFile(path.join(folder, 'ca.pem'), 'utf8');
  await runtime.provision({ id: S1, session: 'slack:T1:C1:1', runner: 'r1', agentUid: uid, caBundle });
  const clients = path.join(folder, 'clients');
  await bringClients(clients);
  await docker('cp', '--quiet', `${clients}/.`, `${sandboxName(installation, S1)}:/workspace/`);
  await rm(clients, { recursive: true });
}, 900_000);

afterAll(async () => {
  for (const { id } of await runtime.list()) await runtime.remove(id);
  for (const { id } of await runtime.listVolumes()) await runtime.removeVolume(id);
  await standard[Symbol.asyncDispose]();
}, 60_000);

beforeEach(() => standard.origin.forget());

async function run(command: string): Promise<{ output: string; exitCode: number | null }> {
  const step = randomBytes(8).toString('hex');
  const result = await runtime.runStep(S1, { uid, step, turn: 1, command, timeoutMs: 60_000 });
  return { output: result.output, exitCode: result.exitCode };
}

const nodeFetch = `fetch(process.argv[1]).then(async (r) => { console.log(r.status, await r.text()); process.exitCode = r.ok ? 0 : 1; })`;
const nodeGet = `require('https').get(process.argv[1], (r) => { r.pipe(process.stdout); process.exitCode = r.statusCode === 200 ? 0 : 1; })`;
const got = `import('/workspace/got/node_modules/got/dist/source/index.js').then(({ default: got }) => got(process.argv[1], { retry: { limit: 0 } }).text()).then(console.log, (e) => { console.log(e.message, e.response?.body); process.exitCode = 1; })`;
const urllib = 'import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode())';
const requests =
  'import sys, requests; s = requests.Session(); s.trust_env = False; r = s.get(sys.argv[1]); print(r.text); r.raise_for_status()';
const client = `import http.client, sys, urllib.parse; u = urllib.parse.urlparse(sys.argv[1]); c = http.client.HTTPSConnection(u.hostname); c.request('GET', u.path); r = c.getresponse(); print(r.status, r.read().decode()); sys.exit(r.status >= 400)`;
/** As Python 3.13 and later do by default, and a program on Python 3.12 may. */
const strict = `import ssl, sys, urllib.request as u; c = ssl.create_default_context(); c.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN; print(u.urlopen(sys.argv[1], context=c).read().decode())`;

const bare = 'env -i HOME=/tmp PATH=/usr/local/bin:/usr/bin:/bin';
const noProxy = `env -u HTTPS_PROXY -u https_proxy -u HTTP_PROXY -u http_proxy -u ALL_PROXY -u all_proxy -u NODE_USE_ENV_PROXY`;
const words = /"code":"not_allowed"/;

interface Client {
  /** A shell command; the URL comes behind it. */
  readonly ask: string;
  /** What it shows of a refusal. */
  readonly refused: RegExp;
}

const CLIENTS: Readonly<Record<string, Client>> = {
  'curl without any variable': { ask: `${bare} curl -sS --fail-with-body`, refused: words },
  "python's urllib without any variable": {
    ask: `${bare} python3 -c "${urllib}"`,
    refused: /HTTP Error 403: Forbidden/,
  },
  "python's urllib at its strictest": { ask: `${bare} python3 -c "${strict}"`, refused: /HTTP Error 403: Forbidden/ },
  'urllib of Python 3.12 at its strictest, with an OpenSSL of its own': {
    ask: `./python-3.12 -c "${strict}"`,
    refused: /HTTP Error 403: Forbidden/,
  },
  ...Object.fromEntries(
    PYTHONS.map(({ version }) => [
      `urllib of Python ${version}, which is strict by default`,
      { ask: `./python-${version} -c "${urllib}"`, refused: /HTTP Error 403: Forbidden/ },
    ]),
  ),
  "python's http.client, which knows of no proxy": { ask: `python3 -c "${client}"`, refused: words },
  "python's requests, told to read no settings": { ask: `${bare} python3 -c "${requests}"`, refused: words },
  'fetch of Node 24 without its switch': { ask: `${noProxy} node -e "${nodeFetch}"`, refused: words },
  'fetch of Node 20': { ask: `./node-20.20.2 -e "${nodeFetch}"`, refused: words },
  'fetch of Node 22.12': { ask: `./node-22.12.0 -e "${nodeFetch}"`, refused: words },
  'fetch of Node 22.22': { ask: `${noProxy} ./node-22.22.3 -e "${nodeFetch}"`, refused: words },
  'https.get of Node 20': { ask: `./node-20.20.2 -e "${nodeGet}"`, refused: words },
  'https.get of Node 24 without its switch': { ask: `${noProxy} node -e "${nodeGet}"`, refused: words },
  'got on Node 20': { ask: `./node-20.20.2 -e "${got}"`, refused: words },
  'HttpClient of a Java from an archive': { ask: 'jdk/bin/java -cp . Client HttpClient', refused: words },
  'HttpsURLConnection of a Java from an archive': { ask: 'jdk/bin/java -cp . Client URLConnection', refused: words },
  'Java without any variable, with the roots that Debian gives it': {
    ask: `${bare} jdk/bin/java -Djavax.net.ssl.trustStore=/etc/ssl/certs/java/cacerts -cp . Client HttpClient`,
    refused: words,
  },
  'a program by Go without any variable': { ask: `${bare} ./client`, refused: words },
};

test.each(Object.entries(CLIENTS))(
  '%s reaches what is allowed, and is told of a refusal',
  async (_, each) => {
    const [allowed, injected, refused] = [
      await run(`${each.ask} https://pypi.test/x`),
      await run(`${each.ask} https://api.a.test/y`),
      await run(`${each.ask} https://evil.test/z`),
    ];
    expect(allowed).toMatchObject({ output: expect.stringContaining('answer to GET /x'), exitCode: 0 });
    expect(injected).toMatchObject({ output: expect.stringContaining('answer to GET /y'), exitCode: 0 });
    expect(refused.output).toMatch(each.refused);
    expect(refused.exitCode).not.toBe(0);
    expect(standard.origin.received('api.a.test')).toContain(SECRET);
    expect(standard.origin.received('pypi.test')).not.toContain(SECRET);
    expect(standard.origin.received('evil.test')).toBe('');
  },
  120_000,
);

test('Chromium shows no warning, by its database of certificates', async () => {
  const options = '--headless --no-sandbox --disable-gpu --no-zygote --dump-dom';
  const ask = (host: string) => run(`timeout 10 ./chromium ${options} https://${host}/c 2>&1`);
  await ask('pypi.test');
  expect(standard.origin.received('pypi.test')).toContain('GET /c ');
  // Without the database it does not get as far as a request.
  standard.origin.forget();
  const { output } = await run(`HOME=/tmp timeout 10 ./chromium ${options} https://pypi.test/c 2>&1`);
  expect(output).toMatch(/net_error -202|ERR_CERT_AUTHORITY_INVALID/);
  expect(standard.origin.received('pypi.test')).toBe('');
}, 90_000);

test('git without any variable reads a repository, and is told of a refusal', async () => {
  const ask = `${bare} GIT_TERMINAL_PROMPT=0 git ls-remote`;
  await run(`${ask} https://pypi.test/x.git`);
  expect(standard.origin.received('pypi.test')).toContain('/x.git/info/refs?service=git-upload-pack');
  expect((await run(`${ask} https://evil.test/x.git`)).output).toContain('The requested URL returned error: 403');
});

test('plain http and a blind tunnel work without settings too', async () => {
  expect((await run(`${bare} curl -sS http://plain.test/p`)).output).toBe('answer to GET /p');
  // The host shows its own certificate there. The sandbox trusts it, because the operator's authority is in its bundle too.
  expect((await run(`${bare} curl -sS https://tunnel.test/t`)).output).toBe('answer to GET /t');
});

test('an address, and a client that sends no server name, go nowhere, and the clients name the cause', async () => {
  const noName = `import ssl, socket; s = ssl._create_unverified_context().wrap_socket(socket.create_connection(('pypi.test', 443)))`;
  expect((await run(`${bare} python3 -c "${noName}"`)).output).toMatch(/TLSV1_UNRECOGNIZED_NAME/);
  expect((await run(`${bare} curl -ksS https://127.100.0.1/`)).output).toMatch(/unrecognized name/);
  expect((await run(`${bare} curl -sS -m 5 https://1.1.1.1/`)).output).toMatch(/Failed to connect|unreachable/i);
});
