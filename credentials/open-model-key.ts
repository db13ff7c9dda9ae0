import type { NamedModel } from '../access/document.ts';
import type { KeyPair } from './key-pair.ts';
import { modelBinding } from './model-binding.ts';
import { open } from './open.ts';

/**
 * Opens the key of a model. Only the agent worker imports this file. Its key pair is another one than the proxy's, so that it
 * opens no credential of a connection, and the proxy opens no key of a model.
 *
 * @throws CredentialError as `open` does
 */
export async function openModelKey(keys: KeyPair, model: NamedModel, sealed: Uint8Array): Promise<string> {
  return open(keys, modelBinding(model), sealed);
}
