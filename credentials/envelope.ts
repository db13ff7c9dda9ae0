import { bindingText, type CredentialBinding } from './binding.ts';
import { ENCAPSULATED_LENGTH } from './cipher-suite.ts';
import { credentialError } from './errors.ts';

/** A sealed credential in parts. As bytes: format (1), key id (8), encapsulated key (32), ciphertext with its tag. */
export interface Envelope {
  readonly keyId: string;
  readonly encapsulated: Buffer;
  readonly ciphertext: Buffer;
}

const FORMAT = 1;
const KEY_ID_LENGTH = 8;
const TAG_LENGTH = 16;
const HEAD_LENGTH = 1 + KEY_ID_LENGTH + ENCAPSULATED_LENGTH;

/** Joins the parts to bytes, in the order above. */
export function joinEnvelope({ keyId, encapsulated, ciphertext }: Envelope): Buffer {
  return Buffer.concat([Buffer.of(FORMAT), Buffer.from(keyId, 'hex'), encapsulated, ciphertext]);
}

/** @throws CredentialError `sealed_malformed` */
export function splitEnvelope(sealed: Uint8Array): Envelope {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes.length < HEAD_LENGTH + TAG_LENGTH || bytes[0] !== FORMAT) {
    throw credentialError('sealed_malformed', 'the stored credential is not a sealed text of this version of Bellhop');
  }
  return {
    keyId: bytes.subarray(1, 1 + KEY_ID_LENGTH).toString('hex'),
    encapsulated: bytes.subarray(1 + KEY_ID_LENGTH, HEAD_LENGTH),
    ciphertext: bytes.subarray(HEAD_LENGTH),
  };
}

/** The data that is authenticated with the ciphertext: the format, the key id and the binding. */
export function associatedData(keyId: string, binding: CredentialBinding): Uint8Array {
  return new TextEncoder().encode(`${FORMAT}\n${keyId}\n${bindingText(binding)}`);
}
