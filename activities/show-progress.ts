import { type SessionId, threadOf } from '../contracts/ids.ts';
import type { Queryable } from '../store/database.ts';
import { putMessage } from '../store/outbox.ts';
import { getTurn } from '../store/turns.ts';
import { answerKey } from './end-turn.ts';

export interface Progress {
  readonly session: SessionId;
  readonly turn: number;
  readonly step: number;
  /** In a few words: `thinking`, `running a command`. */
  readonly what: string;
  /** What the model has written so far. */
  readonly text?: string;
}

/** Brings the turn's one message in the thread up to date; never over a final answer. */
export type ShowProgress = (progress: Progress) => Promise<void>;

export function createShowProgress(database: Queryable): ShowProgress {
  return async ({ session, turn, step, what, text }) => {
    const { startedAt } = await getTurn(database, session, turn);
    const { team, channel, threadTs } = threadOf(session);
    const body = { kind: 'working', step, what, since: startedAt.toISOString(), ...(text && { text }) } as const;
    const key = answerKey({ session, turn });
    await putMessage(database, { key, team, channel, threadTs, session, body, final: false });
  };
}
