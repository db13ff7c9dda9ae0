/**
 * The ids that travel between rooms. All of them are readable and none is secret: they appear in workflow
 * histories, in Temporal UI and in logs.
 */

/** `slack:<team>:<channel>:<thread_ts>`: a session, its workflow and its Slack thread are one thing. */
export type SessionId = `slack:${string}:${string}:${string}`;

/** `<session>/<turn number>`; turn numbers start at 1. */
export type TurnId = `${SessionId}/${number}`;

/** `<session>/<turn>/<step number>`: the id under which a command is started once, however often it is asked for. */
export type StepId = `${TurnId}/${number}`;

/** The Slack thread a session lives in. For a message outside a thread, `threadTs` is the message's own `ts`. */
export interface ThreadRef {
  readonly team: string;
  readonly channel: string;
  readonly threadTs: string;
}

/** `slack:<team>:<channel>:<thread_ts>`: the id of the session and of its workflow. */
export function sessionIdOf(thread: ThreadRef): SessionId {
  return `slack:${thread.team}:${thread.channel}:${thread.threadTs}`;
}

/**
 * The thread behind a session id.
 * @throws RangeError when it is none
 */
export function threadOf(session: SessionId): ThreadRef {
  const [, team, channel, threadTs] = session.split(':');
  if (!team || !channel || !threadTs) throw new RangeError(`not a session id: ${session}`);
  return { team, channel, threadTs };
}

/** Whether a value from outside is a session id. */
export function isSessionId(given: unknown): given is SessionId {
  return typeof given === 'string' && /^slack:[^:]+:[^:]+:[^:]+$/.test(given);
}

/** `<session>/<turn>`, turns counted from 1. */
export function turnIdOf(session: SessionId, turn: number): TurnId {
  return `${session}/${turn}`;
}

/** `<session>/<turn>/<step>`, steps counted from 1 within the turn. A command is started once under this id. */
export function stepIdOf(session: SessionId, turn: number, step: number): StepId {
  return `${turnIdOf(session, turn)}/${step}`;
}
