import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open as openFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { credentialError, isCredentialError } from './errors.ts';
import { createKeyPair, type KeyPair, type PublicKey, publicKeyOf } from './key-pair.ts';

const keyFile = z.strictObject({
  format: z.literal('bellhop-key-1'),
  publicKey: z.base64(),
  privateKey: z.base64(),
});

/**
 * Writes the key pair to a new file that only its owner may read. An existing file is never replaced: without its key,
 * no credential that was sealed for it opens again.
 *
 * @throws CredentialError `key_file_exists`
 */
export async function writeKeyFile(path: string, { publicKey, privateKey }: KeyPair): Promise<void> {
  const content = {
    format: 'bellhop-key-1',
    publicKey: Buffer.from(publicKey.bytes).toString('base64'),
    privateKey: Buffer.from(privateKey).toString('base64'),
  };
  // Written to another name and then linked, so that nobody reads half a key and a crash leaves no broken key file.
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, `${JSON.stringify(content)}\n`, { mode: 0o600, flag: 'wx', flush: true });
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw credentialError('key_file_exists', `${path} exists already; it is never overwritten`);
  } finally {
    await rm(draft, { force: true });
  }
}

/** The public key of the key file. Makes the file when there is none. Only the owner may enter its folder. */
export async function provideKeyFile(path: string): Promise<PublicKey> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    return (await readKeyFile(path)).publicKey;
  } catch (error) {
    if (!isCredentialError(error) || error.code !== 'key_file_missing') throw error;
  }
  try {
    await writeKeyFile(path, await createKeyPair());
  } catch (error) {
    // Another process made the file in the meantime.
    if (!isCredentialError(error) || error.code !== 'key_file_exists') throw error;
  }
  return (await readKeyFile(path)).publicKey;
}

/** The key file of an installation, unless BELLHOP_KEY_FILE names another one. */
export function keyFileIn(home: string): string {
  return join(home, 'proxy-key.json');
}

/** The agent worker's key file, for keys of models, unless BELLHOP_MODEL_KEY_FILE names another one. */
export function modelKeyFileIn(home: string): string {
  return join(home, 'agent-key.json');
}

/** @throws CredentialError `key_file_missing`, `key_file_unreadable`, `key_file_permissions` or `key_file_malformed` */
export async function readKeyFile(path: string): Promise<KeyPair> {
  // Permissions are read from the open file, so that the checked file is the one that is read.
  const file = await openFile(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: NodeJS.ErrnoException) => {
    const code = error.code === 'ENOENT' ? 'key_file_missing' : 'key_file_unreadable';
    throw credentialError(code, `the key file ${path} cannot be opened (${error.code})`);
  });
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) {
      const seen = (mode & 0o777).toString(8).padStart(4, '0');
      throw credentialError(
        'key_file_permissions',
        `${path} has mode ${seen}; others may read it. Run: chmod 600 ${path}`,
      );
    }
    return parseKeyFile(path, await file.readFile('utf8'));
  } finally {
    await file.close();
  }
}

function parseKeyFile(path: string, text: string): KeyPair {
  const malformed = credentialError('key_file_malformed', `${path} is not a key file of Bellhop`);
  try {
    const content = keyFile.parse(JSON.parse(text));
    const privateKey = Buffer.from(content.privateKey, 'base64');
    if (privateKey.length !== 32) throw malformed;
    return { publicKey: publicKeyOf(Buffer.from(content.publicKey, 'base64')), privateKey };
  } catch {
    // The cause is left out on purpose, because a parser's message quotes the text it read.
    throw malformed;
  }
}
