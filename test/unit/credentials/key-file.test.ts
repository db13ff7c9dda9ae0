import { chmod, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { provideKeyFile, readKeyFile, writeKeyFile } from '../../../credentials/key-file.ts';
import { createKeyPair } from '../../../credentials/key-pair.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'bellhop-key-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a key pair is read back as it was written, and only its owner may read the file', async () => {
  const file = path.join(folder, 'key');
  const pair = await createKeyPair();
  await writeKeyFile(file, pair);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const read = await readKeyFile(file);
  expect(read.publicKey.id).toBe(pair.publicKey.id);
  expect(Buffer.from(read.privateKey).equals(pair.privateKey)).toBe(true);
});

test('an existing key file is never overwritten', async () => {
  const file = path.join(folder, 'key');
  await writeKeyFile(file, await createKeyPair());
  await expect(writeKeyFile(file, await createKeyPair())).rejects.toMatchObject({ code: 'key_file_exists' });
});

test.each([0o640, 0o604, 0o610, 0o666])(
  'a key file of mode %o is refused with the command that mends it',
  async (mode) => {
    const file = path.join(folder, 'key');
    await writeKeyFile(file, await createKeyPair());
    await chmod(file, mode);
    await expect(readKeyFile(file)).rejects.toMatchObject({
      code: 'key_file_permissions',
      message: expect.stringContaining(`chmod 600 ${file}`),
    });
  },
);

test('a missing file, a link and a broken file are told apart', async () => {
  const file = path.join(folder, 'key');
  await expect(readKeyFile(file)).rejects.toMatchObject({ code: 'key_file_missing' });
  await writeFile(file, '{"format":"bellhop-key-1","privateKey":"c2VjcmV0"}', { mode: 0o600 });
  const refusal = await readKeyFile(file).catch((error: Error) => error);
  expect(refusal).toMatchObject({ code: 'key_file_malformed' });
  expect(String(refusal)).not.toContain('c2VjcmV0');
  await symlink(file, path.join(folder, 'link'));
  await expect(readKeyFile(path.join(folder, 'link'))).rejects.toMatchObject({ code: 'key_file_unreadable' });
});

test('a key file is made once, also when several ask for it at the same time, and nothing is left beside it', async () => {
  const file = path.join(folder, 'proxy', 'key');
  const made = await Promise.all(Array.from({ length: 5 }, () => provideKeyFile(file)));
  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  expect((await provideKeyFile(file)).id).toBe(made[0]?.id);
  expect((await stat(path.dirname(file))).mode & 0o777).toBe(0o700);
  await expect(readdir(path.dirname(file))).resolves.toEqual(['key']);
});

test('a key file that others may read is not replaced by a new one', async () => {
  const file = path.join(folder, 'key');
  await writeKeyFile(file, await createKeyPair());
  await chmod(file, 0o644);
  await expect(provideKeyFile(file)).rejects.toMatchObject({ code: 'key_file_permissions' });
});
