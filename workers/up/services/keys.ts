import { existsSync } from 'node:fs';
import { readKeyFile, writeKeyFile } from '../../../credentials/key-file.ts';
import { createKeyPair } from '../../../credentials/key-pair.ts';
import { SetupError } from '../../../setup/errors.ts';
import { type InstallationKey, installationKey, registerInstallationKey } from '../../../store/credentials.ts';
import { openDatabase } from '../../../store/database.ts';
import { installationModelKey, registerModelKey } from '../../../store/model-keys.ts';
import type { UpContext } from '../up-context.ts';

/**
 * Makes the installation's key pairs at the first start. Only the proxy reads the file with the private half of the first,
 * and only the agent worker that of the second, which is for keys of models.
 */
export async function provideKeys({ home, journal }: UpContext, ownerUrl: string): Promise<void> {
  await journal.step('keys', async () => {
    const database = openDatabase({ url: ownerUrl, name: 'up', connections: 1 });
    try {
      const { id } = home.installation;
      const own = await provide(home.keyFile, await installationKey(database));
      await registerInstallationKey(database, id, own.key);
      const models = await provide(home.modelKeyFile, await installationModelKey(database));
      await registerModelKey(database, id, models.key);
      return {
        detail: `key ${own.key.keyId}${own.made ? ', made now' : ''}; private half in ${home.keyFile}`,
        value: undefined,
      };
    } finally {
      await database.end();
    }
  });
}

/** Reads a key file, and makes it when the database knows no key yet. */
async function provide(
  keyFile: string,
  known: InstallationKey | null,
): Promise<{ readonly key: InstallationKey; readonly made: boolean }> {
  const made = !existsSync(keyFile);
  if (made && known) {
    throw new SetupError(
      'not-set-up',
      `the database has credentials for the key ${known.keyId}, and ${keyFile} is not there`,
      'restore the key file from its backup, or start with an empty database',
    );
  }
  if (made) await writeKeyFile(keyFile, await createKeyPair());
  const { publicKey } = await readKeyFile(keyFile);
  return { made, key: { keyId: publicKey.id, publicKey: Buffer.from(publicKey.bytes).toString('base64') } };
}
