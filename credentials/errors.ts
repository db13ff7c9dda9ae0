/** Every way in which sealing and opening can fail. No message holds any part of a secret. */
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

/** @param message for people; it must not hold any part of a secret */
export function credentialError(code: CredentialErrorCode, message: string): CredentialError {
  return Object.assign(new Error(message), { name: 'CredentialError' as const, code });
}

/** Whether something thrown is an error of this room, and so has a stable code. */
export function isCredentialError(error: unknown): error is CredentialError {
  return error instanceof Error && error.name === 'CredentialError';
}
