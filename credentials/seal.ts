import { bindingText, type CredentialBinding } from './binding.ts';
import { createCipherSuite, INFO } from './cipher-suite.ts';
import { associatedData, joinEnvelope } from './envelope.ts';
import { credentialError } from './errors.ts';
import type { PublicKey } from './key-pair.ts';
import { secretProblem } from './secret-text.ts';

/**
 * Seals a secret for the connection that the binding describes. Sealing needs only the public key. Opening needs the
 * private key, which only the proxy has.
 *
 * @throws CredentialError `secret_unfit` when the secret cannot be sent as this kind of credential
 */
export async function seal(publicKey: PublicKey, binding: CredentialBinding, secret: string): Promise<Buffer> {
  const problem = secretProblem(binding.use, secret);
  if (problem) throw credentialError('secret_unfit', `the secret of ${binding.connection} ${problem}`);
  const suite = createCipherSuite();
  const recipientPublicKey = await suite.kem.deserializePublicKey(publicKey.bytes);
  const { enc, ct } = await suite.seal(
    { recipientPublicKey, info: INFO },
    new TextEncoder().encode(JSON.stringify({ binding: bindingText(binding), secret })),
    associatedData(publicKey.id, binding),
  );
  return joinEnvelope({ keyId: publicKey.id, encapsulated: Buffer.from(enc), ciphertext: Buffer.from(ct) });
}
