import { existsSync } from 'node:fs';
import { readKeyFile, writeKeyFile } from '../../../credentials/key-file.ts';
import { createKeyPair } from '../../../credentials/key-pair.ts';
import { SetupError } from '../../../setup/errors.ts';
import { installationKey, registerInstallationKey } from '../../../store/credentials.ts';
import { type Database, openDatabase } from '../../../store/database.ts';
import type { UpContext } from '../up-context.ts';

/** Makes the installation's key pair at the first start. Only the proxy reads the file with its private half. */
export async function provideKeys({ home, journal }: UpContext, ownerUrl: string): Promise<void> {
  await journal.step('keys', async () => {
    const database = openDatabase({ url: ownerUrl, name: 'up', connections: 1 });
    try {
      const made = await makeWhenMissing(database, home.keyFile);
      const { publicKey } = await readKeyFile(home.keyFile);
      const key = { keyId: publicKey.id, publicKey: Buffer.from(publicKey.bytes).toString('base64') };
      await registerInstallationKey(database, home.installation.id, key);
      return {
        detail: `key ${publicKey.id}${made ? ', made now' : ''}; private half in ${home.keyFile}`,
        value: undefined,
      };
    } finally {
      await database.end();
    }
  });
}

async function makeWhenMissing(database: Database, keyFile: string): Promise<boolean> {
  if (existsSync(keyFile)) return false;
  const known = await installationKey(database);
  if (known) {
    throw new SetupError(
      'not-set-up',
      `the database has credentials for the key ${known.keyId}, and ${keyFile} is not there`,
      'restore the key file from its backup, or start with an empty database',
    );
  }
  await writeKeyFile(keyFile, await createKeyPair());
  return true;
}
