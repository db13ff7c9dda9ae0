import type { NamedModel } from '../../access/document.ts';
import { ModelError } from '../../agent/errors.ts';
import { isCredentialError } from '../../credentials/errors.ts';
import { readKeyFile } from '../../credentials/key-file.ts';
import { openModelKey } from '../../credentials/open-model-key.ts';
import type { Database } from '../../store/database.ts';
import { sealedModelKey } from '../../store/model-keys.ts';

/**
 * Opens keys of models that the access file names. The key file is read anew each time, so that one that is put in place
 * later is found.
 */
export function modelKeys(database: Database, keyFile: string | undefined): (model: NamedModel) => Promise<string> {
  return async (model) => {
    const refuse = (words: string) =>
      new ModelError('ModelUnauthorized', `the key of the model ${model.name} cannot be used: ${words}`);
    if (keyFile === undefined) throw refuse('BELLHOP_MODEL_KEY_FILE is not set, which names the key file for them');
    const sealed = await sealedModelKey(database, model.name, model.keyVersion ?? 0);
    if (!sealed) throw refuse('it is not stored any more; apply the access file again');
    try {
      return await openModelKey(await readKeyFile(keyFile), model, sealed);
    } catch (error) {
      throw isCredentialError(error) ? refuse(error.message) : error;
    }
  };
}
