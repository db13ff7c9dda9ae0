/** Every reason for which the store itself refuses a read or write. `code` is stable. */
export type StoreErrorCode = 'TurnOver' | 'RowMissing' | 'SchemaChanged';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The turn has ended, so this write is late. Nothing was changed. */
export function turnOverError(session: string, turn: number): StoreError {
  return new StoreError('TurnOver', `turn ${turn} is over (${session})`);
}

/** A row that the caller's workflow once made is missing: the database was restored to an earlier time. */
export function rowMissing(what: string): StoreError {
  return new StoreError('RowMissing', `${what} is not in the database`);
}

/** Whether something thrown is the store's own refusal with this code. */
export function isStoreError(error: unknown, code: StoreErrorCode): error is StoreError {
  return error instanceof StoreError && error.code === code;
}
