import { bindingOf, type CredentialBinding } from '../../../credentials/binding.ts';
import { createKeyPair, type KeyPair } from '../../../credentials/key-pair.ts';
import { open } from '../../../credentials/open.ts';
import { seal } from '../../../credentials/seal.ts';
import { connection } from '../../support/access-document.ts';

const SECRET = 'canary-5d1f0b7a';
const BINDING = bindingOf(connection('acme-readonly', 'api.acme.test', { credentialVersion: 3 }));

let keys: KeyPair;
beforeAll(async () => {
  keys = await createKeyPair();
});

test('a credential opens for the connection it was sealed for', async () => {
  await expect(open(keys, BINDING, await seal(keys.publicKey, BINDING, SECRET))).resolves.toBe(SECRET);
});

test('the same secret sealed twice gives two texts, and neither shows it', async () => {
  const [first, second] = await Promise.all([
    seal(keys.publicKey, BINDING, SECRET),
    seal(keys.publicKey, BINDING, SECRET),
  ]);
  expect(first.equals(second)).toBe(false);
  expect(first.includes(SECRET)).toBe(false);
});

test.each<[string, Partial<CredentialBinding>]>([
  ['another connection', { connection: 'acme-admin' }],
  ['another version', { version: 4 }],
  ['another host', { hosts: ['evil.test'] }],
  ['one host more', { hosts: ['api.acme.test', 'evil.test'] }],
  ['another port', { ports: [8443] }],
  ['another kind', { use: { kind: 'basic' } }],
  ['another placement', { use: { kind: 'header', name: 'x-echo', prefix: 'Bearer ' } }],
  ['other authorities', { ca: '-----BEGIN CERTIFICATE-----' }],
])('a credential does not open for %s', async (_name, change) => {
  const sealed = await seal(keys.publicKey, BINDING, SECRET);
  await expect(open(keys, { ...BINDING, ...change }, sealed)).rejects.toMatchObject({ code: 'does_not_open' });
});

test('a credential does not open after any byte of it was changed', async () => {
  const sealed = await seal(keys.publicKey, BINDING, SECRET);
  for (let index = 0; index < sealed.length; index += 1) {
    const changed = Buffer.from(sealed);
    changed[index] = (changed[index] ?? 0) ^ 1;
    await expect(open(keys, BINDING, changed)).rejects.toMatchObject({ name: 'CredentialError' });
  }
});

test('a credential does not open after it was cut or lengthened', async () => {
  const sealed = await seal(keys.publicKey, BINDING, SECRET);
  for (const changed of [
    Buffer.alloc(0),
    sealed.subarray(0, 40),
    sealed.subarray(0, -1),
    Buffer.concat([sealed, sealed]),
  ]) {
    await expect(open(keys, BINDING, changed)).rejects.toMatchObject({ name: 'CredentialError' });
  }
});

test("another installation's key is named instead of tried", async () => {
  const other = await createKeyPair();
  const sealed = await seal(other.publicKey, BINDING, SECRET);
  await expect(open(keys, BINDING, sealed)).rejects.toMatchObject({
    code: 'key_mismatch',
    message: expect.stringContaining(other.publicKey.id),
  });
});

test.each([
  ['a line feed', 'abc\ndef'],
  ['a carriage return', 'abc\r\nX-Admin: 1'],
  ['a line feed at its end', 'abcdef\n'],
  ['a NUL', 'abc\0def'],
  ['a control character beyond ASCII', 'abc\u0085def'],
  ['a non-ASCII letter', 'abcü'],
  ['a space at an end', ' abc'],
  ['nothing in it', ''],
  ['too many bytes', 'x'.repeat(16_385)],
])('a secret with %s is refused, and the refusal does not quote it', async (_name, secret) => {
  const refusal = await seal(keys.publicKey, BINDING, secret).catch((error: Error) => error);
  expect(refusal).toMatchObject({ code: 'secret_unfit' });
  expect(String(refusal)).not.toContain('abc');
});

test('a basic credential is user:password, and any letters will do', async () => {
  const binding: CredentialBinding = { ...BINDING, use: { kind: 'basic' } };
  await expect(open(keys, binding, await seal(keys.publicKey, binding, 'bot:pä ss:word'))).resolves.toBe(
    'bot:pä ss:word',
  );
  await expect(seal(keys.publicKey, binding, 'justatoken')).rejects.toMatchObject({ code: 'secret_unfit' });
});
