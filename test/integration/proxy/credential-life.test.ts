import type { RequestListener } from 'node:http';
import { enterCredential, putBack, revokeCredential } from '../../../cli/credentials/change-credential.ts';
import { listCredentials, registerInstallationKey } from '../../../store/credentials.ts';
import { contention } from '../../support/contention.ts';
import { until } from '../../support/until.ts';
import { closed, untilClosed } from './support/sandbox.ts';
import { type StandardWorld, startStandardWorld } from './support/standard-world.ts';
import { S1 } from './support/world.ts';

let standard: StandardWorld;
const FIRST = 'the-first-secret';
const SECOND = 'the-second-secret';

const onRequest: RequestListener = (request, response) => {
  request.resume();
  if (request.url === '/endless') response.write('begun\n');
  else response.end('ok');
};

beforeEach(async () => {
  standard = await startStandardWorld({ onRequest });
  const { database, keys } = standard.world;
  await database.database.query("insert into installation (id) values ('i1')");
  const publicKey = Buffer.from(keys.publicKey.bytes).toString('base64');
  await registerInstallationKey(database.database, 'i1', { keyId: keys.publicKey.id, publicKey });
  await enter(FIRST, null);
});
afterEach(() => standard[Symbol.asyncDispose]());

const db = () => standard.world.database.database;
const sandbox = () => standard.world.sandbox(S1);
const change = () => ({ connection: 'gh', appliedBy: 'test', now: new Date() });

/** As the command line does it: the proxy is only notified by the database, or asks by itself. */
async function inForce({ policyVersion }: { policyVersion: number }): Promise<void> {
  await until(() => standard.world.proxy.health().policy.version === policyVersion, 'the policy at the proxy', 3_000);
}

async function enter(secret: string, overlapMs: number | null): Promise<void> {
  await inForce(await enterCredential(db(), { ...change(), secret, overlapMs }));
}

/** An answer that goes on. */
async function endless() {
  const socket = await sandbox().tunnel('api.a.test:443');
  socket.write('GET /endless HTTP/1.1\r\nHost: api.a.test\r\n\r\n');
  expect(await untilClosed(socket, 300)).toContain('begun');
  return socket;
}

async function sentSecret(): Promise<string | undefined> {
  standard.origin.forget();
  await sandbox().request('https://api.a.test/');
  return /authorization: Bearer (\S+)/i.exec(standard.origin.received('api.a.test'))?.[1];
}

test('a revoked credential is gone within a second, on open connections too, and for good', async () => {
  expect(await sentSecret()).toBe(FIRST);
  const open = await endless();
  const over = closed(open);
  const before = performance.now();
  await revokeCredential(db(), change());
  await over;
  expect(performance.now() - before).toBeLessThan(1_000 * contention());
  const answer = await sandbox().request('https://api.a.test/');
  expect(answer).toMatchObject({ status: 502, error: { code: 'inject_failed', connection: 'gh' } });
  expect(answer.error?.message).toContain('revoked');
  expect((await listCredentials(db())).filter(({ connection }) => connection === 'gh')).toEqual([]);
  await expect(putBack(db(), change())).rejects.toThrow(/no earlier credential/);
  await enter(SECOND, null);
  expect(await sentSecret()).toBe(SECOND);
});

test('a rotated credential is used at once; a request that runs goes on until the overlap ends', async () => {
  const open = await endless();
  let isOver = false;
  const over = closed(open).then(() => {
    isOver = true;
  });
  await enter(SECOND, 1_500);
  expect(await sentSecret()).toBe(SECOND);
  expect(isOver).toBe(false);
  await over;
  await expect(putBack(db(), change())).rejects.toThrow(/could be put back until/);
  expect(await sentSecret()).toBe(SECOND);
});

test('the credential before a rotation can be put back while the overlap lasts', async () => {
  await enter(SECOND, 60_000);
  expect(await sentSecret()).toBe(SECOND);
  await inForce(await putBack(db(), change()));
  expect(await sentSecret()).toBe(FIRST);
  await expect(putBack(db(), change())).rejects.toThrow(/no earlier credential/);
});

test('a credential that is only entered again cuts nothing', async () => {
  const open = await endless();
  await enter(SECOND, null);
  expect(await sentSecret()).toBe(SECOND);
  expect(open.destroyed).toBe(false);
  open.destroy();
});

test('a secret of another form is refused with its reason, and nothing is changed', async () => {
  const { version } = standard.world.proxy.health().policy;
  const entering = enterCredential(db(), { ...change(), secret: 'a\nb', overlapMs: null });
  await expect(entering).rejects.toThrow(/the secret of gh has a line break.*nothing was changed/);
  const unknown = enterCredential(db(), { ...change(), connection: 'gt', secret: 'x', overlapMs: null });
  await expect(unknown).rejects.toThrow(/no connection gt is in force \(did you mean gh\?\)/);
  expect(standard.world.proxy.health().policy.version).toBe(version);
  expect(await sentSecret()).toBe(FIRST);
});
