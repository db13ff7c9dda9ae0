/**
 * What reaches a running session. Signals carry ids only: the text stays in PostgreSQL, where the session claims it.
 */
export const SIGNALS = {
  /** Something was delivered to the session's inbox. */
  message: 'message',
  /** A person asked to stop; `by` is a Slack user id. */
  stop: 'stop',
} as const;

export interface MessageSignal {
  readonly inboxId: string;
}

export interface StopSignal {
  readonly inboxId: string;
  readonly by: string;
}
