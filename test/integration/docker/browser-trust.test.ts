import { readFile } from 'node:fs/promises';
import { until } from '../../support/until.ts';
import { createTestAuthority } from '../proxy/support/test-authority.ts';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;
const LIST = 'certutil -L -d sql:$HOME/.pki/nssdb';

beforeAll(async () => {
  fixture = await createFixture();
  sandbox = await fixture.sandbox();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

const subjectOf = async () => (await sandbox.run(`${LIST} -n bellhop | grep Subject:`)).output;

test('the first certificate of the bundle is what browsers trust, also when the bundle changes', async () => {
  const first = await createTestAuthority('first');
  const second = await createTestAuthority('second');
  await fixture.runtime.provision({ ...sandbox.spec, caBundle: `${first.pem}\n${await readRoots()}` });
  await until(async () => (await sandbox.run(LIST)).output.includes('bellhop'), 'the database', 20_000);
  expect((await sandbox.run(LIST)).output).toMatch(/^bellhop +C,, *$/m);
  const before = await sandbox.run(`${LIST} -n bellhop -a`);
  // Times of files count in seconds.
  await sandbox.run('sleep 1.1');
  await fixture.runtime.provision({ ...sandbox.spec, caBundle: `${second.pem}\n${await readRoots()}` });
  const now = async () => (await sandbox.run(`${LIST} -n bellhop -a`)).output.replaceAll('\r', '').trim();
  expect(before.output.replaceAll('\r', '').trim()).toBe(first.pem.trim());
  await until(async () => (await now()) === second.pem.trim(), 'the new authority', 20_000);
  expect(await subjectOf()).toContain('Subject:');
});

test('what a person has added to the database stays', async () => {
  const own = await createTestAuthority('own');
  await fixture.runtime.writeFile(sandbox.id, sandbox.uid, '/workspace/own.pem', Buffer.from(own.pem));
  await sandbox.run('certutil -A -d sql:$HOME/.pki/nssdb -n own -t C,, -i own.pem; sleep 1.1');
  const third = await createTestAuthority('third');
  await fixture.runtime.provision({ ...sandbox.spec, caBundle: third.pem });
  const now = async () => (await sandbox.run(`${LIST} -n bellhop -a`)).output.replaceAll('\r', '').trim();
  await until(async () => (await now()) === third.pem.trim(), 'the new authority', 20_000);
  expect((await sandbox.run(LIST)).output).toMatch(/^own +C,, *$/m);
});

test('a command does not wait for it, and its output has nothing of it', async () => {
  expect(await sandbox.run('rm -rf ~/.pki; echo first')).toMatchObject({ output: 'first\n', exitCode: 0 });
  expect(await sandbox.run('echo second')).toMatchObject({ output: 'second\n', exitCode: 0 });
});

const readRoots = () => readFile('/etc/ssl/certs/ca-certificates.crt', 'utf8');
