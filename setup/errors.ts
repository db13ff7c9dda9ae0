/** Stable codes of what can go wrong while Bellhop is set up. */
export type SetupErrorCode =
  | 'already-running'
  | 'not-set-up'
  | 'port-taken'
  | 'temporal-unavailable'
  | 'temporal-lacks'
  | 'postgres-unavailable'
  | 'postgres-lacks'
  | 'docker-unavailable'
  | 'child-failed'
  /** Not a failure: somebody asked to stop while it was being started. */
  | 'stopping'
  | 'bad-setting';

/** A set-up error in words for whoever runs the command: what is wrong and what to do. Never shown with a stack. */
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
