/**
 * What reaches a running session. Signals carry ids only: the text stays in PostgreSQL, where the session claims it.
 */
export const SIGNALS = {
  /** Something was delivered to the session's inbox. */
  message: 'message',
  /** A person asked to stop; `by` is a Slack user id. */
  stop: 'stop',
  /** A place for the running turn's sandbox was granted. Carries nothing: the turn asks for it. */
  place: 'place',
  /** A question of the running turn was answered, or its time is over. Carries nothing: the tool that asked looks. */
  answered: 'answered',
} as const;

export interface MessageSignal {
  readonly inboxId: string;
}

export interface StopSignal {
  readonly inboxId: string;
  readonly by: string;
}

/**
 * A stop as it came in: anybody who reaches the Temporal server can send one, in any shape. Null when it is not valid.
 *
 * @example readStop({ inboxId: '7', by: 'U1' }) // the same; readStop({ inboxId: 'x' }) is null
 */
export function readStop(given: unknown): StopSignal | null {
  if (typeof given !== 'object' || given === null) return null;
  const { inboxId, by } = given as Partial<Record<keyof StopSignal, unknown>>;
  return isInboxId(inboxId) && typeof by === 'string' && by.length > 0 && by.length <= 100 ? { inboxId, by } : null;
}

/** The id of an inbox row: a bigint, so a string of at most 19 digits. */
export function isInboxId(given: unknown): given is string {
  return typeof given === 'string' && /^[0-9]{1,19}$/.test(given);
}
