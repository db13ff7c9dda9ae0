/** The ways in which setting up Bellhop can fail. The codes are stable. */
export type SetupErrorCode =
  | 'already-running'
  | 'not-set-up'
  | 'port-taken'
  | 'temporal-unavailable'
  | 'temporal-lacks'
  | 'postgres-unavailable'
  | 'postgres-lacks'
  /** The database was made by another state of Bellhop, and cannot be brought up to this one. */
  | 'schema-changed'
  | 'docker-unavailable'
  | 'child-failed'
  /** Somebody asked to stop while it was being started. This is no failure. */
  | 'stopping'
  | 'bad-setting';

/** A failure that the user can do something about. It says what is wrong and what to do, and is never shown with a stack. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
  readonly code: SetupErrorCode;
  /** What to do, often a command to copy. */
  readonly fix: string | undefined;

  constructor(code: SetupErrorCode, message: string, fix?: string) {
    super(message);
    this.code = code;
    this.fix = fix;
  }
}

/** The message of anything that was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
