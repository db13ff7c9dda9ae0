/** Every way sealing and opening fails. None of the messages holds anything of a secret. */
export type CredentialErrorCode =
  | 'secret_unfit'
  | 'sealed_malformed'
  | 'key_mismatch'
  | 'does_not_open'
  | 'key_file_missing'
  | 'key_file_unreadable'
  | 'key_file_exists'
  | 'key_file_permissions'
  | 'key_file_malformed';

export interface CredentialError extends Error {
  readonly name: 'CredentialError';
  readonly code: CredentialErrorCode;
}

/** @param message for people; it must not carry anything of the secret */
export function credentialError(code: CredentialErrorCode, message: string): CredentialError {
  return Object.assign(new Error(message), { name: 'CredentialError' as const, code });
}

export function isCredentialError(error: unknown): error is CredentialError {
  return error instanceof Error && error.name === 'CredentialError';
}
