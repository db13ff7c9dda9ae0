import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { bindingOf } from '../../../credentials/binding.ts';
import { writeKeyFile } from '../../../credentials/key-file.ts';
import { createKeyPair } from '../../../credentials/key-pair.ts';
import { seal } from '../../../credentials/seal.ts';
import { createProxyControl } from '../../../proxy/control-client.ts';
import { storeCredential } from '../../../store/credentials.ts';
import { storePolicy } from '../../../store/policy.ts';
import { bundle, connection } from '../../support/access-document.ts';
import { createTestDatabase } from '../../support/database.ts';
import { AUTHOR, createGitServer, createRepository } from './support/git-server.ts';
import { GITEA } from './support/git-world.ts';
import { startOrigin } from './support/origin.ts';
import { startProxyProcess } from './support/process.ts';
import { startRelay } from './support/relay.ts';
import { createTestAuthority } from './support/test-authority.ts';
import { leaseOf, S1, SCOPE_1, SECRET } from './support/world.ts';

const run = promisify(execFile);
/** Freed buffers are collected late: some 70 MB are in use for a push of any size. */
const PUSHED_MB = 300;

test('the proxy, as a process of its own, stays small while a large push in chunks passes', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bm-'));
  await using database = await createTestDatabase();
  const authority = await createTestAuthority();
  const root = path.join(folder, 'served');
  mkdirSync(root);
  await createRepository(root, 'acme/shop');
  const authorization = `Basic ${Buffer.from(`user:${SECRET}`).toString('base64')}`;
  const server = createGitServer({ root, authorization });
  await using origin = await startOrigin({ authority, hosts: ['git.test'], onRequest: server.onRequest });
  writeFileSync(path.join(folder, 'origins.pem'), authority.pem);
  const operator = [
    `hosts: { git.test: "127.0.0.1:${origin.port}" }`,
    `ceilings: [{ range: 127.0.0.0/8, ports: [${origin.port}] }]`,
    'ca-bundles: [origins.pem]',
  ];
  writeFileSync(path.join(folder, 'operator.yaml'), `${operator.join('\n')}\n`);
  const keys = await createKeyPair();
  await writeKeyFile(path.join(folder, 'key.json'), keys);
  const addresses = [{ range: '127.0.0.1/32', port: origin.port }];
  const forge = connection('forge', 'git.test', { addresses, credential: { kind: 'basic' } });
  const sealed = await seal(keys.publicKey, bindingOf(forge), `user:${SECRET}`);
  await storeCredential(database.database, { connection: 'forge', version: 1, keyId: keys.publicKey.id, sealed });
  const grant = {
    repository: 'acme/shop',
    access: 'propose',
    branches: [],
    connection: 'forge',
    forge: GITEA,
  } as const;
  await storePolicy(database.database, {
    document: {
      version: 1,
      connections: [forge],
      guardrails: [],
      repositoryGuardrails: [],
      bundles: [bundle('b', { connections: ['forge'], repositories: [grant] })],
      scopes: [{ scope: SCOPE_1, label: '#one', enabled: true, bundles: ['b'], instructions: '' }],
    },
    source: '',
    appliedBy: 'test',
  });

  const proxy = startProxyProcess({
    BELLHOP_DATABASE_URL: database.url,
    BELLHOP_HOME: path.join(folder, 'home'),
    BELLHOP_RUN_DIR: path.join(folder, 'run'),
    BELLHOP_PROXY_CONTROL: path.join(folder, 'c.sock'),
    BELLHOP_KEY_FILE: path.join(folder, 'key.json'),
    BELLHOP_OPERATOR_FILE: path.join(folder, 'operator.yaml'),
    BELLHOP_CA_BUNDLE: path.join(folder, 'ca.pem'),
  });
  await proxy.ready;
  const control = createProxyControl({ socketPath: path.join(folder, 'c.sock') });
  await control.ensureListener(S1, process.getuid?.() ?? 0);
  const lease = leaseOf(S1, SCOPE_1);
  await control.openLease(lease);
  const beat = setInterval(() => void control.renewLease(lease).catch(() => {}), 2_000);
  const relay = await startRelay(path.join(folder, 'run', S1, 'proxy.sock'));
  try {
    const env = {
      ...{ PATH: process.env.PATH, HOME: folder, HTTPS_PROXY: relay.url, GIT_CONFIG_NOSYSTEM: '1', ...AUTHOR },
      GIT_SSL_CAINFO: path.join(folder, 'ca.pem'),
    };
    const git = (command: string) => run('/bin/sh', ['-ec', command], { env, cwd: folder, timeout: 150_000 });
    await git(
      `git clone -q https://git.test/acme/shop c && cd c && git config core.compression 0 && head -c ${PUSHED_MB}M /dev/urandom > big && git add big && git commit -qm big`,
    );
    const before = memoryOf(proxy.pid);
    let most = before;
    const watch = setInterval(() => {
      origin.forget();
      most = Math.max(most, memoryOf(proxy.pid));
    }, 200);
    await git('cd c && git push -q origin HEAD:bellhop/big').finally(() => clearInterval(watch));
    console.info(`${PUSHED_MB} MB pushed; the proxy grew from ${before} to ${most} MB`);
    expect(server.received.bytes).toBeGreaterThan(PUSHED_MB * 1e6);
    expect(most - before).toBeLessThan(PUSHED_MB / 2);
  } finally {
    clearInterval(beat);
    await relay[Symbol.asyncDispose]();
    await control.close();
    proxy.child.kill('SIGKILL');
    await proxy.ended;
    rmSync(folder, { recursive: true, force: true });
  }
}, 240_000);

/** Resident memory of a process, in megabytes. */
function memoryOf(pid: number): number {
  return Math.round(Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)])) / 1024);
}
