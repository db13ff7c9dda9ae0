import { bindingText, type CredentialBinding } from './binding.ts';
import { createCipherSuite, INFO } from './cipher-suite.ts';
import { associatedData, splitEnvelope } from './envelope.ts';
import { type CredentialErrorCode, credentialError } from './errors.ts';
import type { KeyPair } from './key-pair.ts';
import { secretProblem } from './secret-text.ts';

/**
 * Opens a sealed credential for the connection that uses it. Only the proxy imports this file.
 *
 * @throws CredentialError
 * - `key_mismatch`: it was sealed for another installation's key
 * - `does_not_open`: it was sealed for another connection, version, host, port or use, or it was changed
 * - `sealed_malformed`: it is not a sealed credential
 * - `secret_unfit`: the secret is not of the form that its kind needs
 */
export async function open(keys: KeyPair, binding: CredentialBinding, sealed: Uint8Array): Promise<string> {
  const { keyId, encapsulated, ciphertext } = splitEnvelope(sealed);
  if (keyId !== keys.publicKey.id) throw failure('key_mismatch', binding, `was sealed for another key (${keyId})`);
  const suite = createCipherSuite();
  const recipientKey = await suite.kem.deserializePrivateKey(keys.privateKey);
  let text: string;
  try {
    const opened = await suite.open(
      { recipientKey, enc: encapsulated, info: INFO },
      ciphertext,
      associatedData(keyId, binding),
    );
    text = new TextDecoder().decode(opened);
  } catch {
    throw failure(
      'does_not_open',
      binding,
      'was sealed for other hosts, another connection or version, or was changed',
    );
  }
  const content = JSON.parse(text) as { binding: string; secret: string };
  if (content.binding !== bindingText(binding)) throw failure('does_not_open', binding, 'names another binding inside');
  const problem = secretProblem(binding.use, content.secret);
  if (problem) throw failure('secret_unfit', binding, problem);
  return content.secret;
}

function failure(code: CredentialErrorCode, { connection, version }: CredentialBinding, what: string): Error {
  return credentialError(code, `the credential of ${connection} (version ${version}) ${what}`);
}
